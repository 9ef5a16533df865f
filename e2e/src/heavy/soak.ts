import { setTimeout as delay } from 'node:timers/promises'
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts'
import { openWorld, type Served, type World } from '../support/world.ts'
import { Findings } from './findings.ts'
import type { Proof, ProofOptions } from './proof.ts'
import { requireClean } from './require-clean.ts'
import { SoakDownloads } from './soak-downloads.ts'
import { SoakFaults } from './soak-faults.ts'
import { type AtRest, type QuietLife, type Sample, soakFigures } from './soak-figures.ts'
import { footprintOf, type InnerVitals, probeEnv, readInnerVitals } from './vitals.ts'

export interface SoakOptions extends ProofOptions {
  readonly minutes: number
  /** Of each connection to the CDN. */
  readonly bytesPerSecond: number
  /** Whether bodies stall, too: each is noticed after 30 s only, too long for a short run. */
  readonly stalls: boolean
}

const MB = 1_000_000
const MEAN_MS_BETWEEN_FAULTS = 2_000
const MEAN_MS_BETWEEN_KILLS = 20_000
const LEAST_KILLS = 4
const TICK_MS = 250
const SAY_EVERY_MS = 60_000
/** Share of the time in which the server is killed; the rest is one life, whose ends are compared. */
const KILLING_SHARE = 0.35
/** Of that life: caches fill and code is compiled, which is no leak. */
const WARM_UP_SHARE = 0.4
/** What is closed is closed by then, and the probe has written. */
const REST_MS = 10_000
const DRAIN_WITHIN_MS = 240_000
const DEADLINE_MS = 24 * 3_600_000

/**
 * Runs a server for long while lines break, hosts refuse and the process is killed, and compares
 * the beginning with the end: memory, descriptors, files. Every download is checked byte by byte.
 */
export async function soak(options: SoakOptions): Promise<Proof> {
  const findings = new Findings(options.say)
  await using world = await openWorld({ cdnBytesPerSecond: options.bytesPerSecond })
  const run = new Soak(world, options, findings)
  return { figures: await run.run(), broken: findings.broken }
}

class Soak {
  readonly #world: World
  readonly #options: SoakOptions
  readonly #findings: Findings
  readonly #random: SeededRandom
  readonly #downloads: SoakDownloads
  readonly #faults: SoakFaults
  readonly #vitals: string
  #samples: Sample[] = []
  #kills = 0
  #nextFault = 0
  #nextSaying = 0

  constructor(world: World, options: SoakOptions, findings: Findings) {
    this.#world = world
    this.#options = options
    this.#findings = findings
    this.#random = seededRandom(options.seed)
    this.#downloads = new SoakDownloads(world, this.#random, findings)
    this.#faults = new SoakFaults(world.hub, this.#random, options)
    this.#vitals = world.dir.join('vitals')
    options.say(`seed ${this.#random.seed}`)
  }

  async run(): Promise<Proof['figures']> {
    const totalMs = this.#options.minutes * 60_000
    await this.#whileKilling(totalMs * KILLING_SHARE)
    const life = await this.#quietLife(totalMs * (1 - KILLING_SHARE))
    await requireClean(this.#world, this.#findings)
    return { ...this.#counts(), ...soakFigures(life, this.#findings) }
  }

  /** Kills and starts again until the time is over. */
  async #whileKilling(forMs: number): Promise<void> {
    const until = performance.now() + forMs
    const meanMs = Math.min(MEAN_MS_BETWEEN_KILLS, forMs / LEAST_KILLS)
    while (performance.now() < until) {
      const served = await this.#serve()
      const lifeMs = 2 * this.#random.next() * meanMs
      await this.#work(served, Math.min(until, performance.now() + lifeMs))
      served.kill('SIGKILL')
      await served.ended
      this.#kills += 1
    }
  }

  async #quietLife(forMs: number): Promise<QuietLife> {
    const served = await this.#serve()
    await this.#work(served, performance.now() + forMs * WARM_UP_SHARE)
    const before = await this.#atRest(served)
    const written = (await this.#innerOf(served)).length
    this.#samples = []
    await this.#work(served, performance.now() + forMs * (1 - WARM_UP_SHARE))
    const samples = this.#samples
    const inner = (await this.#innerOf(served)).slice(written)
    const after = await this.#atRest(served)
    served.kill('SIGTERM')
    const { exitCode, stderr } = await served.ended
    this.#findings.require(exitCode === 0, `the server ends well when told to: ${stderr}`)
    return { before, after, samples, inner }
  }

  #serve(): Promise<Served> {
    const env = { WINDLASS_CONNECTIONS: '4', ...probeEnv(this.#vitals) }
    return this.#world.serve({ env, deadlineMs: DEADLINE_MS })
  }

  async #work(served: Served, until: number): Promise<void> {
    while (performance.now() < until) {
      await this.#downloads.feed(served.client)
      await this.#tick(served)
      if (performance.now() < this.#nextFault) continue
      this.#faults.add()
      this.#nextFault = performance.now() + 2 * this.#random.next() * MEAN_MS_BETWEEN_FAULTS
    }
  }

  async #tick(served: Served): Promise<void> {
    this.#options.signal?.throwIfAborted()
    await this.#downloads.tend(served.client)
    this.#samples.push({ atMs: performance.now(), ...(await footprintOf(served.pid)) })
    if (performance.now() >= this.#nextSaying) {
      this.#nextSaying = performance.now() + SAY_EVERY_MS
      this.#world.hub.clearLog()
      this.#options.say(this.#progress())
    }
    await delay(TICK_MS)
  }

  /** Lets all work end, undisturbed, and looks at the server when it holds nothing any more. */
  async #atRest(served: Served): Promise<AtRest> {
    this.#world.hub.clearFaults()
    const deadline = performance.now() + DRAIN_WITHIN_MS
    while (this.#downloads.open > 0 && performance.now() < deadline) await this.#tick(served)
    this.#findings.require(this.#downloads.open === 0, 'every download ends in good time')
    await delay(REST_MS)
    const inner = (await this.#innerOf(served)).at(-1)
    if (inner === undefined) throw new Error('the probe has written nothing')
    return { ...(await footprintOf(served.pid)), ...inner }
  }

  async #innerOf({ pid }: Served): Promise<readonly InnerVitals[]> {
    return (await readInnerVitals(this.#vitals)).filter((line) => line.pid === pid)
  }

  #counts(): Proof['figures'] {
    const { completed, completedBytes, retried } = this.#downloads
    const struck = Object.entries(this.#faults.counts()).map(([name, times]) => `${name} ${times}`)
    const again = [...retried].map(([code, times]) => `${code} ${times}`)
    return {
      'downloads, all right': completed,
      'their bytes (MB)': Math.round(completedBytes / MB),
      kills: this.#kills,
      faults: struck.join(', '),
      'given up and started again': again.length === 0 ? 'none' : again.join(', '),
    }
  }

  #progress(): string {
    const { completed, completedBytes } = this.#downloads
    const { residentBytes = 0, sockets = 0, files = 0 } = this.#samples.at(-1) ?? {}
    return (
      `${completed} downloads, ${Math.round(completedBytes / MB)} MB, ${this.#kills} kills; ` +
      `now ${Math.round(residentBytes / MB)} MB resident, ${sockets + files} descriptors`
    )
  }
}
