import { setTimeout as delay } from 'node:timers/promises'
import { cdnBytes, ofCdn, openTransfers } from '../support/hub-log.ts'
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts'
import { until } from '../support/until.ts'
import type { WindlassProcess } from '../support/windlass-process.ts'
import { openWorld, type RunWindlassOptions, type Served, type World } from '../support/world.ts'
import { type BackAtWork, markStart, untilBackAtWork } from './back-at-work.ts'
import { costOfKills, type Life } from './cost-of-kills.ts'
import { distribution } from './distribution.ts'
import { Findings } from './findings.ts'
import { killFrozen } from './kill-frozen.ts'
import { type KillPoint, randomKillPoint } from './kill-point.ts'
import type { Proof, ProofOptions } from './proof.ts'
import { requireClean } from './require-clean.ts'
import { cdnBytesOf, someFiles } from './some-files.ts'
import { TrackedDownloads } from './tracked-downloads.ts'

export interface KillsOptions extends ProofOptions {
  readonly count: number
  /** `WINDLASS_CONNECTIONS`. */
  readonly connections: number
}

const MB = 1_000_000
const MIB = 1024 * 1024
/** Over all connections; slow enough that what the kernel holds back is little. */
const BYTES_PER_SECOND = 5 * MB
const BACK_AT_WORK_MS = 3_000
const START_UP_MS = 1_500
/** Of the transfer before a kill, at most. */
const BYTES_OF_LIFE = 4 * MB
/** A download is verified, put in place and noted within this time of its last byte. */
const FINISH_MS = 250
const LONGEST_LIFE_MS = 5_000
const QUEUED = 3

/**
 * Kills a server at random points of its life, again and again, while it works on a queue: no
 * download may be lost, doubled, spoiled or out of order, nothing may be left lying about, and
 * hardly a byte fetched twice.
 */
export async function kills(options: KillsOptions): Promise<Proof> {
  const findings = new Findings(options.say)
  const { connections } = options
  await using world = await openWorld({ cdnBytesPerSecond: BYTES_PER_SECOND / connections })
  const proof = new KillsProof(world, options, findings)
  return { figures: await proof.run(), broken: findings.broken }
}

class KillsProof {
  readonly #world: World
  readonly #options: KillsOptions
  readonly #findings: Findings
  readonly #random: SeededRandom
  readonly #downloads: TrackedDownloads
  readonly #startOptions: RunWindlassOptions
  readonly #returns: BackAtWork[] = []
  readonly #killed = new Map<KillPoint, number>()
  readonly #lives: Life[] = []
  #whileReceiving = 0
  #activeConnections = 0
  #made = 0

  constructor(world: World, options: KillsOptions, findings: Findings) {
    this.#world = world
    this.#options = options
    this.#findings = findings
    this.#random = seededRandom(options.seed)
    this.#downloads = new TrackedDownloads(world.hub, findings)
    this.#startOptions = {
      env: {
        WINDLASS_CONNECTIONS: String(options.connections),
        WINDLASS_MAX_ACTIVE: '1',
      },
    }
    options.say(`seed ${this.#random.seed}, ${options.connections} connections`)
  }

  async run(): Promise<Proof['figures']> {
    let killed = 0
    while (killed < this.#options.count) {
      this.#options.signal?.throwIfAborted()
      const point = randomKillPoint(this.#random)
      const wasKilled = await this.#live(point)
      if (!wasKilled) continue
      killed += 1
      this.#killed.set(point, (this.#killed.get(point) ?? 0) + 1)
      if (killed % 50 === 0) this.#options.say(`${killed} kills`)
    }
    await this.#finish()
    return this.#judge()
  }

  /** One life of the server, from its start to its violent end. */
  async #live(point: KillPoint): Promise<boolean> {
    const mark = markStart(this.#world.hub)
    const running = this.#world.start(['serve', '--port', '0'], this.#startOptions)
    if (point === 'start') {
      await delay(this.#random.next() * START_UP_MS)
      return await this.#kill(running)
    }
    const back = untilBackAtWork(running, this.#world.hub, mark)
    // Asked for below, unless something else failed before.
    back.catch(() => undefined)
    const served = await this.#world.ready(running)
    // Whether it goes on by itself shows only if there is something to go on with.
    const hasWork = this.#downloads.open.length > 0
    await this.#downloads.look(served.client)
    await this.#topUp(served)
    const returned = await back
    if (returned === null) return false
    if (hasWork) this.#returns.push(returned)
    if (point === 'accept') {
      await this.#accept(served)
      await delay(this.#random.next() * 20)
    } else {
      await this.#untilSent(mark.logged, point)
    }
    return await this.#kill(served)
  }

  /** Waits until the CDN has sent so much; for `finish` until it rests, too. */
  async #untilSent(logged: number, point: KillPoint): Promise<void> {
    const { hub } = this.#world
    const wanted = this.#random.next() * BYTES_OF_LIFE
    const deadline = performance.now() + LONGEST_LIFE_MS
    // Idle at the deadline is one more place to be killed at.
    while (performance.now() < deadline) {
      const sent = hub.log.slice(logged).reduce((sum, { role, bytesSent }) => {
        return role === 'cdn' ? sum + bytesSent : sum
      }, 0)
      if (sent >= wanted && (point !== 'finish' || openTransfers(hub) === 0)) break
      await delay(2)
    }
    if (point === 'finish') await delay(this.#random.next() * FINISH_MS)
  }

  async #kill(running: WindlassProcess): Promise<boolean> {
    const { hub } = this.#world
    const { wasKilled, active, unreadBytes } = await killFrozen(running, hub)
    this.#findings.require(wasKilled, `the server runs until it is killed: ${running.stderr}`)
    this.#lives.push({ transfers: ofCdn(hub).length, unreadBytes })
    this.#activeConnections += active
    this.#whileReceiving += active === 0 ? 0 : 1
    return wasKilled
  }

  async #topUp(served: Served): Promise<void> {
    if (this.#downloads.all.length === 0) {
      const ref = 'org/paused'
      await this.#downloads.accept(served.client, { ref, files: this.#files(ref), paused: true })
    }
    while (this.#downloads.open.length < QUEUED) await this.#accept(served)
  }

  async #accept({ client }: Served): Promise<void> {
    const ref = `org/killed-${this.#made++}`
    await this.#downloads.accept(client, { ref, files: this.#files(ref) })
  }

  #files(ref: string): ReturnType<typeof someFiles> {
    return someFiles(ref, this.#random, { most: 12, leastBytes: 0.3 * MB, mostBytes: 3 * MB })
  }

  /** A last life in which all that is left may end. */
  async #finish(): Promise<void> {
    this.#world.hub.setCdnRate(undefined)
    const served = await this.#world.serve(this.#startOptions)
    await until(
      async () => {
        await this.#downloads.look(served.client)
        return this.#downloads.open.length === 0
      },
      { what: 'every download ends', timeoutMs: 60_000 },
    )
    await this.#requireOrder(served)
    served.kill('SIGTERM')
    const { exitCode, stderr } = await served.ended
    this.#findings.require(exitCode === 0, `the server ends well when told to: ${stderr}`)
    await this.#downloads.checkFiles()
    await requireClean(this.#world, this.#findings)
  }

  /** One at a time is fetched, so they end in the order in which they came. */
  async #requireOrder({ client }: Served): Promise<void> {
    const list = (await this.#downloads.look(client)).filter(({ state }) => state === 'completed')
    const cameInOrder = list.toSorted((a, b) => a.createdAt - b.createdAt).map(({ ref }) => ref)
    const endedInOrder = list
      .toSorted((a, b) => (a.finishedAt ?? 0) - (b.finishedAt ?? 0))
      .map(({ ref }) => ref)
    this.#findings.require(cameInOrder.join() === endedInOrder.join(), 'the queue keeps its order')
  }

  #judge(): Proof['figures'] {
    const costs = costOfKills(ofCdn(this.#world.hub), this.#lives)
    const own = this.#returns.map(({ wallMs, deniedMs }) => wallMs - deniedMs)
    for (const { connections, bytes } of costs) {
      this.#findings.require(
        bytes <= connections * MIB,
        `a kill costs at most 1 MiB of each active connection, not ${bytes} bytes of ${connections}`,
      )
    }
    this.#findings.require(
      Math.max(0, ...own) <= BACK_AT_WORK_MS,
      `back at work within ${BACK_AT_WORK_MS} ms of the start, not ${Math.round(Math.max(...own))}`,
    )
    const total = this.#downloads.completed.reduce((sum, { files }) => sum + cdnBytesOf(files), 0)
    return {
      kills: [...this.#killed].map(([point, count]) => `${count} at ${point}`).join(', '),
      'while bytes came': `${this.#whileReceiving}, over ${this.#activeConnections} connections`,
      'downloads complete': this.#downloads.completed.length,
      'bytes fetched twice': `${cdnBytes(this.#world.hub) - total} of ${total}`,
      'cost of a kill per active connection, where there was one': distribution(
        costs.map(({ connections, bytes }) => bytes / connections),
        'bytes',
      ),
      'in the kernel at a kill, not counted': distribution(
        this.#lives.map(({ unreadBytes }) => unreadBytes),
        'bytes',
      ),
      'back at work, by the clock': distribution(
        this.#returns.map(({ wallMs }) => wallMs),
        'ms',
      ),
      'back at work, without waiting for a processor': distribution(own, 'ms'),
    }
  }
}
