import type {
  CurrentLimits,
  Download,
  DownloadRequest,
  LoggedEvent,
  LoggedEventMap,
  LoggedEventType,
  PassingEvent,
  WindlassEvent,
} from '@windlass/contract'
import {
  type AccessKey,
  type AccessStore,
  type Downloads,
  type Engine,
  type EngineStats,
  type EventLog,
  type Limits,
  WindlassError,
} from '@windlass/engine'
import { type MemoryModels, memoryModels } from './memory-models.ts'

/** An event log in memory, whose oldest events can be dropped. */
class MemoryEventLog implements EventLog {
  readonly #events: LoggedEvent[] = []
  readonly #listeners = new Set<(event: WindlassEvent) => void>()
  #oldest = 1
  /** Called before each page is read, to make things happen in the middle of a replay. */
  beforePage: () => void = () => undefined

  lastSeq(): number {
    return this.#events.length
  }

  async since(seq: number, limit: number): Promise<readonly LoggedEvent[] | null> {
    this.beforePage()
    if (seq > this.lastSeq() || seq + 1 < this.#oldest) return null
    return this.#events.slice(seq, seq + limit)
  }

  subscribe(listener: (event: WindlassEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get listeners(): number {
    return this.#listeners.size
  }

  append<T extends LoggedEventType>(type: T, data: LoggedEventMap[T]): void {
    this.write(type, data)()
  }

  /** Puts an event in the log; the function that it returns announces it. */
  write<T extends LoggedEventType>(type: T, data: LoggedEventMap[T]): () => void {
    // A type and the data that belongs to it make one member of the union.
    const event = { seq: this.lastSeq() + 1, at: 1, type, data } as LoggedEvent
    this.#events.push(event)
    return () => this.#tell(event)
  }

  notice(id: string, message = 'hello'): void {
    this.append('download.noticed', { id, code: 'NET_RESET', message })
  }

  pass(event: PassingEvent): void {
    this.#tell(event)
  }

  /** Forgets events before `seq`. */
  prune(seq: number): void {
    this.#oldest = seq
  }

  #tell(event: WindlassEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}

/** A download as the API shows it. */
export function sampleDownload(id: string, change: Partial<Download> = {}): Download {
  return {
    id,
    ref: 'org/name',
    source: 'huggingface',
    title: 'org/name',
    state: 'queued',
    progress: {
      receivedBytes: 0,
      totalBytes: null,
      percent: null,
      bytesPerSecond: 0,
      etaSeconds: null,
      filesDone: 0,
      filesTotal: null,
    },
    revision: null,
    destination: null,
    priority: 0,
    attempts: 0,
    createdAt: 1,
    startedAt: null,
    finishedAt: null,
    elapsedSeconds: 0,
    actions: ['pause', 'cancel'],
    files: [],
    ...change,
  }
}

/** An engine that keeps downloads in a map and moves no bytes. */
export class MemoryEngine implements Engine {
  readonly events = new MemoryEventLog()
  readonly rows = new Map<string, Download>()
  readonly models: MemoryModels = memoryModels()
  closed = false
  /** As they came with requests. */
  readonly idempotencyKeys: string[] = []
  readonly downloads: Downloads = {
    create: async (request, { idempotencyKey } = {}) => {
      if (idempotencyKey !== undefined) this.idempotencyKeys.push(idempotencyKey)
      return this.#create(request)
    },
    plan: async (request) => ({
      ref: request.ref,
      source: 'huggingface',
      title: request.ref,
      revision: null,
      destination: '/cache',
      files: [{ path: 'config.json', sizeBytes: 3, present: false }],
      totalBytes: 3,
      missingBytes: 3,
      freeBytes: 100,
      reservedBytes: 10,
      fits: true,
    }),
    find: async (id) => this.#row(id),
    list: async ({ limit, cursor, state }) => {
      const all = [...this.rows.values()].filter(
        (row) => state === undefined || row.state === state,
      )
      const start = cursor === undefined ? 0 : Number(cursor)
      const end = start + limit
      return { items: all.slice(start, end), nextCursor: end < all.length ? String(end) : null }
    },
    idsThatAllow: async (action) =>
      [...this.rows.values()].filter((row) => row.actions.includes(action)).map((row) => row.id),
    idsOfRef: async ({ ref }, action) =>
      [...this.rows.values()]
        .filter((row) => row.ref === ref && row.actions.includes(action))
        .map((row) => row.id),
    pause: async (id) => this.#move(id, 'pause', 'paused'),
    resume: async (id) => this.#move(id, 'resume', 'queued'),
    retry: async (id) => this.#move(id, 'retry', 'queued'),
    cancel: async (id) => ({
      ...this.#move(id, 'cancel', 'cancelled'),
      receipt: { files: 2, bytes: 7 },
    }),
    move: async (id, target) => {
      const row = this.#row(id)
      if ('before' in target) this.#row(target.before)
      const priority = 'priority' in target ? target.priority : row.priority
      const moved = { ...row, priority }
      this.rows.delete(id)
      const others = [...this.rows]
      const end = 'to' in target && target.to === 'last' ? others.length : 0
      const at = 'before' in target ? others.findIndex(([key]) => key === target.before) : end
      this.rows.clear()
      for (const [key, value] of others.toSpliced(at, 0, [id, moved])) this.rows.set(key, value)
      this.events.append('download.moved', { id, download: moved })
      return moved
    },
    forget: async (id) => {
      this.#row(id)
      this.rows.delete(id)
      this.events.append('download.forgotten', { id })
    },
  }

  readonly limits: Limits = {
    current: () => this.#limits,
    change: async ({ maxActive, limitRate }) => {
      const { limits } = this.#limits
      this.#limits = {
        ...this.#limits,
        limits: {
          ...limits,
          maxActive: maxActive ?? limits.maxActive,
          limitRate: limitRate === undefined ? limits.limitRate : limitRate,
        },
      }
      this.events.append('limits.changed', this.#limits)
      return this.#limits
    },
    setDownloadRate: async (id) => void this.#row(id),
  }
  #limits: CurrentLimits = {
    limits: {
      maxActive: 3,
      maxQueued: 100,
      connections: 8,
      connectionsPerHost: null,
      limitRate: null,
      perSource: {},
      perHost: {},
      perDownload: null,
      schedule: [],
      temporary: null,
    },
    rate: { limitRate: null, by: 'limitRate', until: null },
    changed: [],
    timeZone: 'UTC',
  }
  readonly keys = new Map<string, AccessKey>()
  readonly access: AccessStore = {
    find: async (hash) => this.keys.get(hash) ?? null,
    list: async (kind) => [...this.keys.values()].filter((key) => key.kind === kind),
    put: async (key) => void this.keys.set(key.hash, key),
    remove: async (hashes) => {
      for (const hash of hashes) this.keys.delete(hash)
    },
  }

  async counts(): Promise<{ active: number; queued: number }> {
    return { active: 0, queued: this.rows.size }
  }

  async stats(): Promise<EngineStats> {
    const states = Map.groupBy(this.rows.values(), ({ state }) => state)
    return {
      downloads: [...states].map(([state, rows]) => ({ state, code: null, count: rows.length })),
      traffic: [{ source: 'huggingface', host: 'cdn.example', bytes: 7 }],
      disks: [{ use: 'cache', freeBytes: 100, reservedBytes: 10 }],
    }
  }

  blame(): boolean {
    return false
  }

  async close(): Promise<void> {
    this.closed = true
  }

  #create(request: DownloadRequest): { download: Download; created: boolean } {
    const found = this.rows.get(request.ref)
    if (found !== undefined) return { download: found, created: false }
    const download = sampleDownload(request.ref, { ref: request.ref })
    this.rows.set(download.id, download)
    this.events.append('download.created', { download })
    return { download, created: true }
  }

  #row(id: string): Download {
    const row = this.rows.get(id)
    if (row === undefined) throw new WindlassError('DOWNLOAD_NOT_FOUND', { detail: id })
    return row
  }

  #move(id: string, action: Download['actions'][number], to: Download['state']): Download {
    const row = this.#row(id)
    if (!row.actions.includes(action)) {
      throw new WindlassError('INVALID_STATE', {
        detail: `cannot ${action} a ${row.state} download`,
      })
    }
    const actions: Download['actions'] = to === 'queued' ? ['pause', 'cancel'] : ['resume']
    const moved = { ...row, state: to, actions }
    this.rows.set(id, moved)
    this.events.append('download.state-changed', { id, from: row.state, to, download: moved })
    return moved
  }
}
