import type { FakeHub, FaultAction, FaultMatch } from '@windlass/testkit'
import type { SeededRandom } from '../support/seeded-random.ts'

interface Fault {
  readonly role: 'hub' | 'cdn'
  readonly match?: FaultMatch
  readonly of: (random: SeededRandom) => FaultAction
}

const ANYWHERE_BYTES = 600_000
const somewhere = (random: SeededRandom): number => Math.floor(random.next() * ANYWHERE_BYTES)

/** What goes wrong on lines and at hosts, each once in a while; all of it passes by itself. */
const FAULTS: Readonly<Record<string, Fault>> = {
  cut: { role: 'cdn', of: (random) => ({ cutAt: somewhere(random) }) },
  reset: { role: 'cdn', of: (random) => ({ rstAt: somewhere(random) }) },
  'clean end too early': { role: 'cdn', of: (random) => ({ truncateClean: somewhere(random) }) },
  stall: { role: 'cdn', of: (random) => ({ stallAt: somewhere(random) }) },
  'late headers': { role: 'cdn', of: () => ({ delayHeadersMs: 2_000 }) },
  'hang-up': { role: 'cdn', of: () => ({ hangUp: 'fin' }) },
  'CDN 503': { role: 'cdn', of: () => ({ status: 503 }) },
  'CDN 429': { role: 'cdn', of: () => ({ status: 429, headers: { 'Retry-After': '2' } }) },
  'Hub 500': { role: 'hub', of: () => ({ status: 500 }) },
  'Hub 429': { role: 'hub', of: () => ({ status: 429, headers: { 'Retry-After': '1' } }) },
  expired: { role: 'cdn', of: () => ({ expire: true }) },
  'Range ignored': { role: 'cdn', of: () => ({ ignoreRange: true }) },
  'wrong range': { role: 'cdn', of: () => ({ wrongContentRange: { shiftBytes: 4096 } }) },
  // Not from 0: a file that is damaged twice is given up, and rightly so.
  'flipped bit': {
    role: 'cdn',
    match: { rangeFrom: 0 },
    of: (random) => ({ flipBitAt: somewhere(random) }),
  },
}

/** Makes things go wrong at random, one request at a time, and counts what did. */
export class SoakFaults {
  readonly #hub: FakeHub
  readonly #random: SeededRandom
  readonly #names: readonly string[]
  readonly #hits = new Map<string, () => number>()
  readonly #counted = new Map<string, number>()

  constructor(hub: FakeHub, random: SeededRandom, { stalls }: { readonly stalls: boolean }) {
    this.#hub = hub
    this.#random = random
    this.#names = Object.keys(FAULTS).filter((name) => stalls || name !== 'stall')
  }

  /** One more fault; it strikes the next request that it is for. Sometimes all links expire. */
  add(): void {
    if (this.#random.next() < 1 / (this.#names.length + 1)) {
      this.#hub.expireUrls()
      this.#counted.set('all expired', (this.#counted.get('all expired') ?? 0) + 1)
      return
    }
    const name = this.#names[Math.floor(this.#random.next() * this.#names.length)] ?? ''
    const fault = FAULTS[name]
    if (fault === undefined) return
    const { role, match } = fault
    const handle = this.#hub.fault({
      match: { role, ...match, times: 1 },
      do: fault.of(this.#random),
    })
    const before = this.#hits.get(name) ?? (() => 0)
    this.#hits.set(name, () => before() + handle.hits)
  }

  /** How often each fault has struck so far. */
  counts(): Readonly<Record<string, number>> {
    const hits = [...this.#hits].map(([name, count]): [string, number] => [name, count()])
    return Object.fromEntries([...hits, ...this.#counted])
  }
}
