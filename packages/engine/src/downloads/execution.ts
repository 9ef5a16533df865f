import type { NewEvent } from '../database/event-repository.ts'
import { SQLITE_FULL, sqliteCode } from '../database/sqlite-error.ts'
import { isWindlassError, WindlassError } from '../errors/windlass-error.ts'
import type { Clock } from '../runtime/clock.ts'
import { type StopIntent, StopRequest } from '../runtime/stop-request.ts'
import { backoffMs, RETRY_BACKOFF } from './backoff.ts'
import type { LiveRun } from './describe-download.ts'
import type { DownloadPatch, DownloadRecord, FileSnapshot } from './download-record.ts'
import type { Change, Ledger, StateTrigger } from './ledger.ts'
import { reasonOf } from './reason-of.ts'
import type { RunClaim, RunListener, RunNews, RunOutcome, RunReport } from './run-claim.ts'
import type { RunProgress } from './run-progress.ts'
import { uncountedPauseMs } from './uncounted-pause.ts'

export interface ExecutionDeps {
  readonly ledger: Ledger
  readonly run: (
    claim: RunClaim,
    listener: RunListener,
    options: { readonly signal: AbortSignal },
  ) => Promise<RunOutcome>
  readonly clock: Clock
  readonly random: () => number
  /** Aborts when the engine ends: then a state that cannot be written is left to the next start. */
  readonly closing: AbortSignal
}

/** Between two tries to write a state while the database's disk is full. */
const FULL_DISK_PAUSE_MS = 2_000

/** One start of one download: turns what the runner reports into durable changes of state. */
export class Execution implements LiveRun, RunListener {
  readonly since: number
  readonly #deps: ExecutionDeps
  readonly #claim: RunClaim
  readonly #record: DownloadRecord
  readonly #controller = new AbortController()
  #state: DownloadRecord['state'] = 'resolving'
  #news: NewEvent[] = []
  #lost: WindlassError | null = null
  #hasGained = false
  #isOver = false
  progress: RunProgress | null = null

  constructor(record: DownloadRecord, claim: RunClaim, deps: ExecutionDeps) {
    this.#record = record
    this.#claim = claim
    this.#deps = deps
    this.since = deps.clock.now()
  }

  get id(): string {
    return this.#claim.id
  }

  /** Asks the run to end at the next safe point. The first intent counts. */
  stop(intent: StopIntent): void {
    this.#controller.abort(new StopRequest(intent))
  }

  /**
   * Gives the run up, to be tried again: something of it threw where nobody could catch it.
   * @returns false when the run is over, and it is not its doing
   */
  lose(cause: unknown): boolean {
    if (this.#isOver) return false
    const detail = cause instanceof Error ? cause.message : String(cause)
    this.#lost ??= new WindlassError('WORKER_LOST', { detail, cause })
    this.#controller.abort(new StopRequest('shutdown'))
    return true
  }

  /** Takes the download out of the queue; false when a person was quicker. */
  async start(): Promise<boolean> {
    const { ledger } = this.#deps
    const { startedAt } = this.#record
    const patch = {
      fence: this.#claim.fence,
      // Taken back when it ends or brings a byte: only a program that dies leaves it.
      lostStarts: this.#record.lostStarts + 1,
      startedAt: startedAt ?? this.#now(),
      finishedAt: null,
      interrupted: false,
    }
    try {
      await ledger.move(this.id, 'start', { patch, fence: this.#record.fence })
      return true
    } catch (error) {
      if (isWindlassError(error, 'INVALID_STATE')) return false
      if (isWindlassError(error, 'DOWNLOAD_NOT_FOUND')) return false
      throw error
    }
  }

  /** Runs to the end; the state that follows is durable when this resolves. */
  async run(): Promise<void> {
    const { signal } = this.#controller
    const ended = await this.#deps.run(this.#claim, this, { signal })
    this.#isOver = true
    const outcome = this.#asLost(ended)
    await this.#whenThereIsRoom(() => this.flush())
    await this.#whenThereIsRoom(() => this.#settle(outcome))
  }

  tell(news: RunNews): void {
    const { id } = this
    if (news.type === 'file-completed') {
      const { path, sizeBytes, present } = news
      const data = { id, path, sizeBytes, present }
      this.#news.push({ type: 'download.file-completed', downloadId: id, data })
    } else {
      this.#news.push({ type: 'download.noticed', downloadId: id, data: { id, ...news.notice } })
    }
  }

  /** Writes what was told since the last time, in one transaction. */
  async flush(): Promise<void> {
    const news = this.#news
    if (news.length === 0) return
    this.#news = []
    try {
      await this.#deps.ledger.note(news)
    } catch (error) {
      this.#news = [...news, ...this.#news]
      throw error
    }
  }

  async report(report: RunReport): Promise<void> {
    await this.flush()
    switch (report.type) {
      case 'resolved': {
        const { resolution } = report
        const { title, revision, files } = resolution
        const totalBytes = files.reduce((sum, file) => sum + (file.sizeBytes ?? 0), 0)
        const data = { id: this.id, revision, filesTotal: files.length, totalBytes }
        await this.#deps.ledger.note([{ type: 'download.resolved', downloadId: this.id, data }], {
          id: this.id,
          set: { title, revision, attempts: 0 },
          resolution,
        })
        return
      }
      case 'started':
        await this.#begin(report)
        return
      case 'received':
        if (this.#state === 'downloading') await this.#move('received', this.#seen())
        return
      case 'refetching':
        if (this.#state === 'verifying') await this.#move('refetch')
    }
  }

  async #begin({ progress, destination }: Extract<RunReport, { type: 'started' }>): Promise<void> {
    this.progress = progress
    progress.onFirstGain(() => this.#noteGain())
    const patch = { destination, progress: progress.snapshot() }
    // A file that changed on the host begins anew within the same run.
    if (this.#state === 'resolving') await this.#move('resolved', { patch })
    else await this.#deps.ledger.note([], { id: this.id, set: patch })
  }

  /** A stop that nobody asked for is a failure. What a person asked for first stays what it is. */
  #asLost(ended: RunOutcome): RunOutcome {
    const isOurs = ended.kind === 'stopped' && ended.intent === 'shutdown'
    if (this.#lost === null || !isOurs) return ended
    const attempts = this.#hasGained ? 1 : this.#claim.attempts + 1
    return { kind: 'failed', error: this.#lost, attempts }
  }

  async #settle(outcome: RunOutcome): Promise<void> {
    const patch = this.#stopPatch()
    switch (outcome.kind) {
      case 'completed':
        // A download that was all there never had bytes to wait for.
        if (this.#state === 'downloading') await this.#move('received')
        await this.#move('verified', {
          patch: { ...patch, result: outcome.result, attempts: 0, finishedAt: this.#now() },
          ...this.#files(),
        })
        return
      case 'stopped':
        await this.#settleStopped(outcome.intent, patch)
        return
      case 'failed':
        await this.#settleFailed(outcome, patch)
    }
  }

  async #settleStopped(intent: StopIntent, patch: DownloadPatch): Promise<void> {
    if (intent === 'shutdown') {
      // The state stays: the next start recognises it as cut off and goes on.
      await this.#deps.ledger.note([], { id: this.id, set: patch })
      return
    }
    const cancelled = intent === 'cancel'
    await this.#move(intent, {
      patch: cancelled ? { ...patch, cleanupPending: true, finishedAt: this.#now() } : patch,
      ...this.#files(),
    })
  }

  async #settleFailed(
    { error, attempts }: Extract<RunOutcome, { kind: 'failed' }>,
    patch: DownloadPatch,
  ): Promise<void> {
    const spent = error.disposition === 'retry' && attempts >= this.#claim.retries
    if (error.disposition === 'retry' && !spent) {
      const retryAt = this.#now() + this.#pauseMs(attempts, error)
      const reason = reasonOf(error, { retryAt })
      await this.#move('backOff', {
        patch: { ...patch, attempts, reason, retryAt },
        ...this.#files(),
      })
      return
    }
    // A file that goes on changing is for a person to ask for again, at another time.
    const needsPerson = error.disposition === 'blocked' || error.code === 'SOURCE_CHANGED'
    const trigger = needsPerson ? 'block' : 'fail'
    const reason = reasonOf(error, spent ? { spentAttempts: attempts } : {})
    const finished = trigger === 'fail' ? { finishedAt: this.#now() } : {}
    await this.#move(trigger, {
      patch: { ...patch, attempts, reason, ...finished },
      ...this.#files(),
    })
  }

  #pauseMs(attempts: number, error: Parameters<typeof backoffMs>[2]): number {
    const { clock, random } = this.#deps
    const uncountedMs = uncountedPauseMs(error)
    if (uncountedMs !== null) return uncountedMs
    return backoffMs(RETRY_BACKOFF, attempts, error, { now: () => clock.now(), random })
  }

  async #move(trigger: StateTrigger, change: Change = {}): Promise<void> {
    const record = await this.#deps.ledger.move(this.id, trigger, {
      ...change,
      fence: this.#claim.fence,
    })
    this.#state = record.state
  }

  /** A full disk under the database must not lose how a run ended: it is written when space returns. */
  async #whenThereIsRoom(write: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await write()
        return
      } catch (error) {
        if (sqliteCode(error) !== SQLITE_FULL) throw error
        await this.#deps.clock.sleep(FULL_DISK_PAUSE_MS, { signal: this.#deps.closing })
      }
    }
  }

  #stopPatch(): DownloadPatch {
    const elapsedMs = this.#record.elapsedMs + Math.max(0, this.#now() - this.since)
    const ended = { elapsedMs, lostStarts: 0 }
    return this.progress === null ? ended : { ...ended, progress: this.progress.snapshot() }
  }

  /** What brings bytes does not kill: written at once, and no more than once a start. */
  #noteGain(): void {
    this.#hasGained = true
    const writing = this.#deps.ledger.note([], { id: this.id, set: { lostStarts: 0 } })
    writing.catch(() => undefined) // the end of the run writes it again
  }

  #seen(): Change {
    return this.progress === null ? {} : { patch: { progress: this.progress.snapshot() } }
  }

  #files(): { readonly files?: FileSnapshot } {
    return this.progress === null ? {} : { files: this.progress.files() }
  }

  #now(): number {
    return this.#deps.clock.now()
  }
}
