import { cp, mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type HubFileSpec, type TempDir, tempDir } from '@windlass/testkit'
import { checkDatabase } from '../support/check-database.ts'
import { bytesFetchedAgain, ofCdn } from '../support/hub-log.ts'
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts'
import { until } from '../support/until.ts'
import type { WindlassProcess } from '../support/windlass-process.ts'
import { openWorld, type RunWindlassOptions, type Served, type World } from '../support/world.ts'
import { completedPath } from './completed-path.ts'
import { distribution } from './distribution.ts'
import { type Ext4Volume, openExt4Volume } from './ext4-volume.ts'
import { Findings } from './findings.ts'
import { type OtherBoot, openOtherBoot } from './other-boot.ts'
import type { Proof, ProofOptions } from './proof.ts'
import { requireClean } from './require-clean.ts'
import { someFiles } from './some-files.ts'
import { TrackedDownloads } from './tracked-downloads.ts'

export interface PowerCutsOptions extends ProofOptions {
  readonly count: number
}

const MB = 1_000_000
const MIB = 1024 * 1024
/** Of one connection, and a large file has one. */
const BYTES_PER_SECOND = 16 * MB
/** Takes longer than 5 s, and is larger than 64 MiB: otherwise there would be nothing to see. */
const LARGE_BYTES = 160 * MB
const LONGEST_TRANSFER_MS = 9_000
const LOST_AT_MOST = Math.max(64 * MIB, 5 * BYTES_PER_SECOND)
/** After it was said that a download is complete. */
const AFTER_COMPLETED_MS = 200
const AFTER_ACCEPTED_MS = 30

/** In turn: half of the cuts come just after `completed`, the others where much is under way. */
const CUTS = ['completed', 'transfer', 'completed', 'accepted'] as const
type Cut = (typeof CUTS)[number]

/**
 * Cuts the power of the file system that holds home and cache, again and again: what was said to
 * be complete must be whole, what was accepted must still be there, and of a file that is under
 * way no more may be lost than the promise.
 */
export async function powerCuts(options: PowerCutsOptions): Promise<Proof> {
  const findings = new Findings(options.say)
  await using dir = await tempDir('windlass-power-')
  await using volume = await openExt4Volume(dir)
  const boot = await openOtherBoot(dir.join('boot-id'))
  await using world = await openWorld({ dir: folderOf(volume) })
  const proof = new PowerCuts({ dir, volume, boot, world }, options, findings)
  return { figures: await proof.run(), broken: findings.broken }
}

/** A home, and what was promised by those who owned it. */
interface Home {
  readonly name: string
  readonly downloads: TrackedDownloads
}

interface Place {
  readonly dir: TempDir
  readonly volume: Ext4Volume
  readonly boot: OtherBoot
  readonly world: World
}

class PowerCuts {
  readonly #place: Place
  readonly #options: PowerCutsOptions
  readonly #findings: Findings
  readonly #random: SeededRandom
  readonly #main: Home
  readonly #cuts: Record<Cut, number> = { completed: 0, transfer: 0, accepted: 0 }
  readonly #fetchedAgain: number[] = []
  readonly #fetchedAgainInSameBoot: number[] = []
  #made = 0
  /** Where the cut under way strikes. */
  #home: Home
  #completeAtCut = 0
  #acceptedAtCut = 0

  constructor(place: Place, options: PowerCutsOptions, findings: Findings) {
    this.#place = place
    this.#options = options
    this.#findings = findings
    this.#random = seededRandom(options.seed)
    this.#main = { name: 'home', downloads: new TrackedDownloads(place.world.hub, findings) }
    this.#home = this.#main
    options.say(`seed ${this.#random.seed}`)
  }

  async run(): Promise<Proof['figures']> {
    for (let number = 0; number < this.#options.count; number++) {
      this.#options.signal?.throwIfAborted()
      const cut = CUTS[number % CUTS.length] ?? 'completed'
      // The file system alone may lose its power, too: then the boot is the same.
      const sameBoot = cut === 'transfer' && this.#cuts.transfer % 5 === 4
      await this.#cutDuring(cut, sameBoot)
      this.#cuts[cut] += 1
      if ((number + 1) % 10 === 0) this.#options.say(`${number + 1} cuts`)
    }
    await requireClean(this.#place.world, this.#findings)
    return this.#figures()
  }

  async #cutDuring(cut: Cut, sameBoot: boolean): Promise<void> {
    const { volume, boot, world } = this.#place
    // What is accepted first is promised by a home that has only just been made.
    this.#home = cut === 'accepted' && this.#cuts.accepted % 2 === 0 ? this.#newHome() : this.#main
    world.hub.clearLog()
    world.hub.setCdnRate(BYTES_PER_SECOND)
    const running = await this.#workUntilCut(cut)
    await volume.cut()
    running.kill('SIGKILL')
    await running.ended
    this.#completeAtCut += this.#home.downloads.completed.length
    this.#acceptedAtCut += this.#home.downloads.open.length
    if (!sameBoot) await boot.next()
    await volume.restore()
    const transfers = ofCdn(world.hub).length
    await this.#requireUnharmed()
    await this.#goOn()
    this.#measure(transfers, cut, sameBoot)
  }

  /** @returns the program, at work, at the moment at which the power is to be cut */
  #workUntilCut(cut: Cut): Promise<WindlassProcess> {
    if (cut === 'completed') return this.#pullUntilCompleted()
    return this.#serveUntil(cut)
  }

  async #pullUntilCompleted(): Promise<WindlassProcess> {
    const { world } = this.#place
    const ref = this.#nextRef()
    const files = someFiles(ref, this.#random, { most: 6, leastBytes: 1_000, mostBytes: 2 * MB })
    await world.hub.addRepo({ id: ref, files })
    const running = world.start(['pull', ref, '--json'], this.#startOptions())
    const path = await until(() => completedPath(running.stdout) ?? !running.isRunning, {
      what: `${ref} is complete`,
    })
    if (path === true) throw new Error(`the pull ended early: ${running.stderr}`)
    await delay(this.#random.next() * AFTER_COMPLETED_MS)
    this.#home.downloads.complete(ref, files, path)
    return running
  }

  async #serveUntil(cut: Exclude<Cut, 'completed'>): Promise<WindlassProcess> {
    const { world } = this.#place
    const served = await world.serve(this.#startOptions())
    if (cut === 'transfer') {
      await this.#home.downloads.accept(served.client, { ref: this.#nextRef(), files: LARGE_FILES })
      await until(() => ofCdn(world.hub).length > 0, { what: 'the transfer begins' })
      await delay(this.#random.next() * LONGEST_TRANSFER_MS)
      return served
    }
    for (let more = 1 + Math.floor(this.#random.next() * 3); more > 0; more--) {
      const ref = this.#nextRef()
      const files = someFiles(ref, this.#random, { most: 3, leastBytes: 1_000, mostBytes: 3 * MB })
      await this.#home.downloads.accept(served.client, { ref, files })
    }
    await delay(this.#random.next() * AFTER_ACCEPTED_MS)
    return served
  }

  /** Before the program has had a chance to mend anything. */
  async #requireUnharmed(): Promise<void> {
    const { dir, world } = this.#place
    await this.#home.downloads.checkFiles()
    const integrity = await this.#integrityOf(world.home(this.#home.name), dir.join('as-found'))
    this.#findings.require(integrity === 'ok', `the database is whole: ${integrity}`)
  }

  /** Looks at a copy, because opening the database would be the first step of mending it. */
  async #integrityOf(home: string, copy: string): Promise<string> {
    // All but the socket, which cannot be copied.
    const filter = (path: string): boolean => path === home || path.includes('windlass.db')
    await mkdir(copy)
    try {
      await cp(home, copy, { recursive: true, filter })
      return checkDatabase(copy)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'gone'
      throw error
    } finally {
      await rm(copy, { recursive: true })
    }
  }

  /** Starts again and lets all that was accepted end. */
  async #goOn(): Promise<void> {
    const { world } = this.#place
    world.hub.setCdnRate(undefined)
    const served = await world.serve(this.#startOptions())
    await until(
      async () => {
        await this.#home.downloads.look(served.client)
        return this.#home.downloads.open.length === 0
      },
      { what: 'every download that was accepted ends', timeoutMs: 60_000 },
    )
    await this.#clearLarge(served)
    served.kill('SIGTERM')
    const { exitCode, stderr } = await served.ended
    this.#findings.require(exitCode === 0, `the server ends well when told to: ${stderr}`)
  }

  #measure(transfersBefore: number, cut: Cut, sameBoot: boolean): void {
    const transfers = ofCdn(this.#place.world.hub)
    if (cut === 'completed') {
      const more = transfers.length - transfersBefore
      this.#findings.require(more === 0, `what is complete is not fetched again: ${more} requests`)
      return
    }
    if (cut !== 'transfer') return
    // Its large file is the only one that comes from the CDN.
    const most = bytesFetchedAgain(transfers).reduce((sum, bytes) => sum + bytes, 0)
    if (sameBoot) {
      this.#fetchedAgainInSameBoot.push(most)
      return
    }
    this.#fetchedAgain.push(most)
    this.#findings.require(
      most <= LOST_AT_MOST,
      `a cut costs a file at most ${LOST_AT_MOST} bytes, not ${most}`,
    )
  }

  /** Large ones would fill the volume. */
  async #clearLarge({ client }: Served): Promise<void> {
    for (const { id, ref } of await this.#home.downloads.look(client)) {
      const large = this.#home.downloads.completed.find((one) => one.ref === ref)
      if (large?.files !== LARGE_FILES) continue
      await client.forget(id)
      await rm(dirname(dirname(large.path ?? '')), { recursive: true })
      this.#home.downloads.drop(ref)
    }
  }

  #newHome(): Home {
    const downloads = new TrackedDownloads(this.#place.world.hub, this.#findings)
    return { name: `home-${this.#made}`, downloads }
  }

  #startOptions(): RunWindlassOptions {
    const { prefix } = this.#place.boot
    return { prefix, home: this.#home.name, env: { WINDLASS_CONNECTIONS: '1' } }
  }

  #nextRef(): string {
    return `org/cut-${this.#made++}`
  }

  #figures(): Proof['figures'] {
    const { completed, transfer, accepted } = this.#cuts
    return {
      cuts: `${completed} just after completed, ${transfer} during a transfer, ${accepted} just after accepting`,
      'complete downloads that a cut could have harmed': this.#completeAtCut,
      'accepted ones': this.#acceptedAtCut,
      'fetched twice of a large file': distribution(this.#fetchedAgain, 'bytes'),
      'in seconds of its transfer': (Math.max(0, ...this.#fetchedAgain) / BYTES_PER_SECOND).toFixed(
        1,
      ),
      'fetched twice when only the volume lost its power': distribution(
        this.#fetchedAgainInSameBoot,
        'bytes',
      ),
    }
  }
}

const LARGE_FILES: readonly HubFileSpec[] = [
  { path: 'config.json', content: '{}' },
  { path: 'model.safetensors', content: { seed: 'large', sizeBytes: LARGE_BYTES } },
]

/** The volume is thrown away as a whole; a file system without power could not be cleared anyway. */
function folderOf({ path }: Ext4Volume): TempDir {
  const remove = async (): Promise<void> => undefined
  return { path, join: (...parts) => join(path, ...parts), remove, [Symbol.asyncDispose]: remove }
}
