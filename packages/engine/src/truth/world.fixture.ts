import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ManualClock, manualClock, type TempDir, tempDir } from '@windlass/testkit'
import type { Kysely } from 'kysely'
import type { Carrier, TransferRequest } from '../carriers/carrier.ts'
import { openDatabase } from '../database/open-database.ts'
import type { Schema } from '../database/schema.ts'
import type { Engine } from '../engine.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import { openEngine } from '../open-engine.ts'
import type { Clock } from '../runtime/clock.ts'
import { readHubEnvironment } from '../sources/huggingface/hub-environment.ts'
import type { RemoteFile, Source } from '../sources/source.ts'
import type { Placement } from '../stores/placement.ts'
import type { Store } from '../stores/store.ts'
import type { Hashing } from '../verification/hasher.ts'

/** Bytes come in pieces of this size, one for each command. */
export const PIECE = 1_000
/** About half, and such that no pause ends in the same moment as a heartbeat. */
export const CHANCE = 0.501
const VOLUME = '/volume'
const QUIET = { debug() {}, info() {}, warn() {}, error() {} }

/** One transfer that waits for its next piece. */
interface Transfer {
  readonly downloadId: string
  readonly deliver: () => void
  readonly fail: (error: unknown) => void
}

/** What dies with a process, although its promises live on in this one. */
interface Life {
  isOver: boolean
}

/**
 * Everything outside of the engine: hosts, disk and time. The scheduler, the ledger and the
 * database are the real ones; only what is beyond the ports is played, in the same process,
 * so that thousands of stories take minutes.
 */
export class World {
  readonly clock: ManualClock = manualClock()
  readonly dir: TempDir
  /** Bytes in staging by download. */
  readonly staged = new Map<string, number>()
  /** Refs whose file is in place. */
  readonly published = new Set<string>()
  readonly transfers = new Map<string, Transfer>()
  /** Promises that were broken, in words. */
  readonly faults: string[] = []
  isNetworkUp = true
  isDiskFull = false
  openedAtMs = 0
  #life: Life = { isOver: false }
  #engine: Engine | null = null
  #database: Kysely<Schema> | null = null
  #ids = 0
  #digits: number[] = []

  private constructor(dir: TempDir) {
    this.dir = dir
  }

  static async create(): Promise<World> {
    const world = new World(await tempDir())
    await world.open()
    return world
  }

  get engine(): Engine {
    if (this.#engine === null) throw new TypeError('the world is not open')
    return this.#engine
  }

  get database(): Kysely<Schema> {
    if (this.#database === null) throw new TypeError('the world is not open')
    return this.#database
  }

  async open(options: { readonly start?: boolean } = {}): Promise<void> {
    const life = { isOver: false }
    this.#life = life
    this.openedAtMs = this.clock.monotonicMs()
    this.#engine = await openEngine(
      {
        home: this.dir.join('home'),
        limits: { maxActive: 2, maxQueued: 4, connections: 1, retries: 5, timeLimitMs: 1e12 },
        reserve: { share: 0, minBytes: 0 },
        hub: readHubEnvironment({ HF_HOME: this.dir.join('hf') }, this.dir.path),
        userAgent: 'test',
        proxy: {},
        allowedHosts: [],
        ports: {
          clock: mortalClock(this.clock, life),
          log: QUIET,
          random: () => this.#random(),
          bootId: () => 'boot',
          timeZone: () => 'UTC',
        },
        ...options,
      },
      {
        sources: () => [this.#source(life)],
        store: this.#store(life),
        carrier: this.#carrier(life),
        hashing: this.#hashing(life),
        freeSpace: async () => ({ volume: VOLUME, availableBytes: this.isDiskFull ? 0 : 1e9 }),
        openDatabase: async (file) => {
          this.#database = await openDatabase(file)
          return this.#database
        },
      },
    )
    await this.settle()
  }

  /** Whether an action that was asked for has become true of the download. */
  async isDone(action: string, id: string, before: string | undefined): Promise<boolean> {
    const { items } = await this.engine.downloads.list({ limit: 500 })
    const now = items.find((item) => item.id === id)?.state
    if (before === undefined) return false
    if (action === 'forget') return now === undefined
    if (action === 'cancel') return now === 'cancelled' && before !== 'cancelled'
    if (action === 'pause') return now === 'paused' && before !== 'paused'
    const wasIdle = !['queued', 'downloading'].includes(before)
    return now === 'queued' && wasIdle
  }

  /** The process is gone from one moment to the next: nothing of it does anything any more. */
  async kill(): Promise<void> {
    this.#life.isOver = true
    this.transfers.clear()
    await this.database.destroy()
    await this.settle()
  }

  async close(): Promise<void> {
    await this.engine.close()
    await this.dir.remove()
  }

  /** Until everything that needs no time has happened. */
  async settle(): Promise<void> {
    await nextTurn()
    await nextTurn()
  }

  /** The next numbers of chance make an id that was not there before. */
  expectNewId(): void {
    this.#ids++
    this.#digits.push(...Array.from({ length: 10 }, (_, n) => Math.floor(this.#ids / 31 ** n) % 31))
  }

  /** Always the same otherwise, so that the model knows how long each pause is. */
  #random(): number {
    const digit = this.#digits.shift()
    return digit === undefined ? CHANCE : (digit + 0.5) / 31
  }

  setNetwork(isUp: boolean): void {
    this.isNetworkUp = isUp
    if (isUp) return
    for (const transfer of [...this.transfers.values()]) transfer.fail(unreachable())
  }

  #source(life: Life): Source {
    return {
      id: 'fake',
      parse(text) {
        return text.startsWith('fake:') ? { source: 'fake', canonical: text } : null
      },
      resolve: async ({ canonical }) => {
        await whileAlive(life)
        if (!this.isNetworkUp) throw unreachable()
        return {
          title: canonical,
          revision: 'fixed',
          files: [fileOf(canonical)],
          placement: placementOf(canonical),
          notices: [],
        }
      },
      locate: () => Promise.reject(new TypeError('the carrier of this world asks nobody')),
    }
  }

  #carrier(life: Life): Carrier {
    return {
      id: 'pieces',
      transfer: async (request, { signal }) => {
        await whileAlive(life)
        return await this.#transfer(request, signal)
      },
      discard: () => Promise.reject(new TypeError('nothing here is ever damaged')),
    }
  }

  async #transfer(
    { file, staged, onProgress }: TransferRequest,
    signal: AbortSignal,
  ): Promise<{ sizeBytes: number }> {
    const downloadId = staged.partPath
    const total = file.sizeBytes ?? 0
    const bytes = (): number => this.staged.get(downloadId) ?? 0
    if (this.transfers.has(downloadId)) this.faults.push(`two transfers write ${downloadId}`)
    onProgress(bytes())
    if (bytes() === total) return { sizeBytes: total }
    if (!this.isNetworkUp) throw unreachable()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const stop = (): void => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    this.transfers.set(downloadId, {
      downloadId,
      fail: reject,
      deliver: () => {
        if (this.isDiskFull) return reject(noSpace())
        this.staged.set(downloadId, bytes() + PIECE)
        onProgress(bytes())
        if (bytes() === total) resolve()
      },
    })
    try {
      await promise
      return { sizeBytes: total }
    } finally {
      this.transfers.delete(downloadId)
      signal.removeEventListener('abort', stop)
    }
  }

  #hashing(life: Life): Hashing {
    return {
      open: () => ({
        advance() {},
        finish: async () => {
          await whileAlive(life)
          return 'played'
        },
        dispose() {},
      }),
      close: async () => undefined,
    }
  }

  #store(life: Life): Store {
    const isThere = ({ repoId }: Placement): boolean => this.published.has(repoId)
    return {
      id: 'hub-cache',
      destination: ({ repoId }) => repoId,
      volume: async () => VOLUME,
      survey: async (placement, units) =>
        new Set(isThere(placement) ? units.map(({ key }) => key) : []),
      isComplete: async (placement) => isThere(placement),
      open: async (placement, downloadId) => {
        await whileAlive(life)
        return {
          claim: async () => {
            await whileAlive(life)
            if (isThere(placement)) return { kind: 'present' }
            const staged = { partPath: downloadId, journalPath: downloadId }
            if (!this.staged.has(downloadId)) this.staged.set(downloadId, 0)
            return { kind: 'staged', staged, release() {} }
          },
          adopt: async () => undefined,
          publish: async () => {
            await whileAlive(life)
            this.published.add(placement.repoId)
          },
          finish: async () => {
            await whileAlive(life)
            this.staged.delete(downloadId)
            return placement.repoId
          },
        }
      },
      stagedBytes: async (_placement, downloadId) => this.staged.get(downloadId) ?? 0,
      cleanUp: async (_placement, downloadId) => {
        await whileAlive(life)
        const bytes = this.staged.get(downloadId)
        this.staged.delete(downloadId)
        return { files: bytes === undefined ? 0 : 1, bytes: bytes ?? 0 }
      },
      sweep: async (isOwned) => {
        let files = 0
        for (const id of [...this.staged.keys()]) {
          if (await isOwned(id)) continue
          this.staged.delete(id)
          files++
        }
        return { files, bytes: files * PIECE }
      },
    }
  }
}

/** `fake:a:3` has three pieces. */
export function piecesOf(ref: string): number {
  return Number(ref.split(':')[2])
}

function fileOf(ref: string): RemoteFile {
  return { path: 'file', sizeBytes: piecesOf(ref) * PIECE, digest: null, validator: null }
}

function placementOf(ref: string): Placement {
  return {
    store: 'hub-cache',
    repoType: 'model',
    repoId: ref,
    commit: '0'.repeat(40),
    refName: null,
    tree: [],
  }
}

function unreachable(): WindlassError {
  return new WindlassError('NET_REFUSED')
}

function noSpace(): Error {
  return Object.assign(new Error('no space'), { code: 'ENOSPC' })
}

/** Never returns in a process that is gone. */
async function whileAlive({ isOver }: Life): Promise<void> {
  if (isOver) await new Promise<never>(() => undefined)
}

/** Time that stops for a process that is gone. */
function mortalClock(clock: ManualClock, life: Life): Clock {
  return {
    now: () => clock.now(),
    monotonicMs: () => clock.monotonicMs(),
    async sleep(ms, options) {
      await clock.sleep(ms, options)
      await whileAlive(life)
    },
    every: (ms, tick) => clock.every(ms, () => life.isOver || tick()),
  }
}
