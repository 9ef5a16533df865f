import { isApiError, keepGoing } from '@windlass/client'
import { type DownloadRequest, downloadIdOf, isOver, type WindlassEvent } from '@windlass/contract'
import type { Connection, Connector } from '../connection.ts'
import { followEvents } from '../follow-events.ts'
import type { CliHost } from '../host.ts'
import { ownerLost } from '../owner-lost.ts'
import type { ProgressModel } from '../render/progress-model.ts'
import type { Reporter } from '../reporters/reporter.ts'
import { type PullItem, submitItem } from './pull-item.ts'

export interface PullOptions {
  readonly requests: readonly DownloadRequest[]
  readonly connector: Connector
  readonly host: CliHost
  readonly model: ProgressModel
  readonly reporter: Reporter
}

export interface PullResult {
  readonly items: readonly PullItem[]
  /** How it ended; `paused` and `terminated` by a signal. */
  readonly end: 'settled' | 'paused' | 'terminated'
  /** Who served the home at the end. */
  readonly role: Connection['role']
}

const PATIENCE_WITH_LEAVING_MS = 120_000

type Turn = PullResult['end'] | 'owner-lost'

/**
 * Hands the requests to the owner of the home, or becomes it, and waits until none
 * goes on by itself. When the owner goes away, looks for the next one or takes over.
 * SIGINT pauses all of it, SIGTERM leaves it as it is.
 */
export async function runPull(options: PullOptions): Promise<PullResult> {
  const pull = new Pull(options)
  const forget = options.host.onSignal((signal) => pull.signal(signal))
  try {
    return await pull.run()
  } finally {
    forget()
  }
}

class Pull {
  readonly #options: PullOptions
  readonly #items: readonly PullItem[]
  readonly #stop = new AbortController()
  #end: 'paused' | 'terminated' | null = null
  #lastSeq: number | undefined
  #role: Connection['role'] | null = null
  /** Who served the home at the last connection. */
  #owner: string | null = null

  constructor(options: PullOptions) {
    this.#options = options
    this.#items = options.requests.map((request) => ({ request }))
  }

  signal(signal: 'SIGINT' | 'SIGTERM'): void {
    // The second one means: now. What is on the disk is safe at every moment.
    if (this.#end !== null) this.#options.host.exit(signal === 'SIGINT' ? 130 : 143)
    this.#end = signal === 'SIGINT' ? 'paused' : 'terminated'
    if (signal === 'SIGINT') this.#options.reporter.note('Pausing; Ctrl-C again stops at once.')
    this.#stop.abort(new Error(`received ${signal}`))
  }

  async run(): Promise<PullResult> {
    for (;;) {
      const connection = await this.#connect()
      if (connection === null)
        return { items: this.#items, end: this.#end ?? 'terminated', role: 'owner' }
      this.#tellRole(connection)
      try {
        const turn = await this.#turn(connection)
        // The last that it told counts: a pause that ended the wait must not look like its leaving.
        const end = turn === 'owner-lost' && this.#seemsDone() ? 'settled' : turn
        if (end !== 'owner-lost') return { items: this.#items, end, role: connection.role }
      } finally {
        await connection.close()
      }
    }
  }

  /** Null when the person stopped it before anything was begun. */
  async #connect(): Promise<Connection | null> {
    const { connector } = this.#options
    try {
      const startDownloads = this.#end === null
      // One that leaves may have much to write down; whoever waited for it can wait for that, too.
      const patience = this.#owner === null ? {} : { patienceMs: PATIENCE_WITH_LEAVING_MS }
      const { signal } = this.#stop
      return await connector.toOwnerOrSelf({ startDownloads, signal, ...patience })
    } catch (error) {
      if (this.#end === null) throw error
      if (this.#end === 'terminated' || this.#items.every((item) => item.id === undefined))
        return null
      const { signal } = new AbortController()
      return await connector.toOwnerOrSelf({ startDownloads: false, signal })
    }
  }

  async #turn(connection: Connection): Promise<Turn> {
    try {
      const outcome = await followEvents({
        client: connection.client,
        lastSeq: this.#lastSeq,
        waitForServer: connection.role === 'remote',
        onLost: () => this.#options.reporter.note('The server does not answer; trying again.'),
        signal: this.#stop.signal,
        onConnected: () => this.#submit(connection),
        onEvent: (event) => this.#take(connection, event),
        isDone: () => this.#isDone(connection),
      })
      if (outcome === 'done') return 'settled'
      if (outcome === 'owner-lost') return outcome
      if (this.#end === 'paused') await this.#pause(connection)
      return this.#end ?? 'terminated'
    } catch (error) {
      if (connection.role === 'guest' && ownerLost(error)) return 'owner-lost'
      throw error
    }
  }

  async #pause(connection: Connection): Promise<void> {
    const ids = this.#items.map(({ id }) => id).filter((id) => id !== undefined)
    for (const download of await connection.closePausing(ids)) this.#options.model.put(download)
  }

  /**
   * Hands in what no owner has accepted yet. What an earlier owner paused as it left, we still
   * wait for; what was seen to be paused while it was there, somebody wanted so.
   */
  async #submit(connection: Connection): Promise<void> {
    const { client } = connection
    const isOtherOwner = await this.#meetOwner(connection)
    const goingOn = this.#items.filter((item) => !this.#seemsOver(item))
    await this.#refresh(client)
    for (const item of this.#items) {
      if (item.problem !== undefined || this.#end !== null) continue
      const known = item.id === undefined ? undefined : this.#options.model.find(item.id)
      if (isOtherOwner && known?.state === 'paused' && goingOn.includes(item)) {
        this.#options.model.put(await keepGoing(client, await client.find(known.id)))
      }
      if (item.id !== undefined) continue
      const download = await submitItem(client, item)
      if (download !== null) this.#options.model.put(download)
    }
  }

  /** True when the home has another owner than at the last connection, of which there was one. */
  async #meetOwner({ client, role }: Connection): Promise<boolean> {
    const before = this.#owner
    if (role === 'guest') {
      const { pid, startedAt } = await client.health()
      this.#owner = `${pid} ${startedAt}`
    } else {
      this.#owner = role
    }
    return before !== null && before !== this.#owner
  }

  async #take({ client }: Connection, event: WindlassEvent): Promise<void> {
    const { model, reporter } = this.#options
    if (event.type === 'resync') {
      this.#lastSeq = event.data.seq
      await this.#refresh(client)
      return
    }
    this.#lastSeq = event.seq ?? this.#lastSeq
    const id = downloadIdOf(event)
    if (id === null || !this.#items.some((item) => item.id === id)) return
    model.apply(event)
    // Names and sizes of the files come with the whole download only.
    if (event.type === 'download.resolved') model.put(await client.find(id))
    reporter.event(event)
  }

  async #isDone({ client }: Connection): Promise<boolean> {
    if (this.#end !== null || !this.#seemsDone()) return false
    // An event from before our own request may say less than the truth.
    await this.#refresh(client)
    return this.#seemsDone()
  }

  #seemsDone(): boolean {
    return this.#items.every((item) => this.#seemsOver(item))
  }

  #seemsOver({ id, problem }: PullItem): boolean {
    if (problem !== undefined) return true
    if (id === undefined) return false
    const download = this.#options.model.find(id)
    // One that somebody has forgotten is over as well.
    return download === undefined || isOver(download)
  }

  async #refresh(client: Connection['client']): Promise<void> {
    for (const item of this.#items) {
      if (item.id === undefined || item.problem !== undefined) continue
      try {
        this.#options.model.put(await client.find(item.id))
      } catch (error) {
        if (!isApiError(error, 'DOWNLOAD_NOT_FOUND')) throw error
        item.problem = error.problem
      }
    }
  }

  #tellRole({ role }: Connection): void {
    const { reporter } = this.#options
    if (this.#role !== null && role === 'owner') {
      reporter.note('The Windlass that did the work is gone; going on here.')
    } else if (this.#role === null && role !== 'owner') {
      reporter.note('Windlass runs already and does the work.')
    }
    this.#role = role
  }
}
