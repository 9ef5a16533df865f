import { AsyncLocalStorage } from 'node:async_hooks'
import type { DownloadRepository } from '../database/download-repository.ts'
import type { QueueRepository } from '../database/queue-repository.ts'
import { classify } from '../errors/classify.ts'
import type { Logger } from '../ports.ts'
import type { Clock } from '../runtime/clock.ts'
import { type StopIntent, StopRequest } from '../runtime/stop-request.ts'
import type { LiveRun } from './describe-download.ts'
import type { DownloadRecord } from './download-record.ts'
import { Execution, type ExecutionDeps } from './execution.ts'
import type { Ledger } from './ledger.ts'
import { reasonOf } from './reason-of.ts'
import type { EngineLimits } from './settings.ts'

export interface SchedulerDeps {
  readonly downloads: Pick<DownloadRepository, 'resolution'>
  readonly queue: Pick<QueueRepository, 'next'>
  readonly ledger: Ledger
  readonly run: ExecutionDeps['run']
  /** As they are at the moment. */
  readonly limits: () => Omit<EngineLimits, 'maxQueued'>
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
  /** Called when a run has ended and its state is durable. */
  readonly onSettled: (id: string) => Promise<void>
}

/** A run that was given up holds nothing any more by then. */
const LOST_WITHIN_MS = 10_000

interface Slot {
  readonly execution: Execution
  readonly ended: Promise<void>
}

/** Gives slots to queued downloads, in order, and takes them back. */
export class Scheduler {
  readonly #deps: SchedulerDeps
  readonly #slots = new Map<string, Slot>()
  readonly #closing = new AbortController()
  /** On whose behalf code runs, over timers, sockets and promises. */
  readonly #atWork = new AsyncLocalStorage<Execution>()
  #accepting = false
  #filling: Promise<void> | null = null
  #again = false

  constructor(deps: SchedulerDeps) {
    this.#deps = deps
  }

  get activeCount(): number {
    return this.#slots.size
  }

  get hasFreeSlot(): boolean {
    return this.#slots.size < this.#deps.limits().maxActive
  }

  /** Whether what is queued is started as soon as there is a slot. */
  get isAccepting(): boolean {
    return this.#accepting
  }

  live(id: string): LiveRun | null {
    return this.#slots.get(id)?.execution ?? null
  }

  executions(): readonly Execution[] {
    return [...this.#slots.values()].map((slot) => slot.execution)
  }

  /** From now on queued downloads are started. */
  start(): void {
    this.#accepting = true
    this.poke()
  }

  /** Something may have become startable. */
  poke(): void {
    if (!this.#accepting) return
    if (this.#filling !== null) {
      this.#again = true
      return
    }
    this.#filling = this.#fill()
      .catch((error: unknown) => this.#deps.log.error({ err: error }, 'could not start downloads'))
      .finally(() => {
        this.#filling = null
        if (!this.#again) return
        this.#again = false
        this.poke()
      })
  }

  /**
   * Ends a run at its next safe point and waits until its state is durable.
   * @returns false when it was not running
   */
  async interrupt(id: string, intent: StopIntent): Promise<boolean> {
    const slot = this.#slots.get(id)
    if (slot === undefined) return false
    slot.execution.stop(intent)
    await slot.ended
    return true
  }

  /**
   * Something was thrown where nobody caught it. When it was on behalf of a run, that one is given
   * up and tried again, and the others go on. A run that does not even end then holds what a new
   * one would write to: its error is thrown once more, on nobody's behalf.
   *
   * @returns false when it was not on behalf of a run
   */
  blame(cause: unknown): boolean {
    const execution = this.#atWork.getStore()
    if (execution === undefined || !execution.lose(cause)) return false
    const { id } = execution
    this.#deps.log.error({ err: cause, id }, 'a download is given up for a bug, and tried again')
    const throwAgain = (): void => {
      this.#atWork.exit(() =>
        setImmediate(() => {
          throw cause
        }),
      )
    }
    void this.#orElse(this.#slots.get(id)?.ended, throwAgain)
    return true
  }

  /** Starts nothing more and ends every run; their states say that they go on at the next start. */
  async stop(): Promise<void> {
    this.#accepting = false
    await this.#filling
    this.#closing.abort(new StopRequest('shutdown'))
    await Promise.all([...this.#slots.keys()].map((id) => this.interrupt(id, 'shutdown')))
  }

  async #orElse(ended: Promise<void> | undefined, giveUp: () => void): Promise<void> {
    const watch = new AbortController()
    const late = this.#deps.clock.sleep(LOST_WITHIN_MS, { signal: watch.signal })
    void ended?.finally(() => watch.abort(new StopRequest('shutdown')))
    await late.then(giveUp, () => undefined) // it ended in time
  }

  async #fill(): Promise<void> {
    while (this.#accepting && this.hasFreeSlot) {
      const next = await this.#deps.queue.next()
      if (next === null) return
      await this.#launch(next)
    }
  }

  async #launch(queued: DownloadRecord): Promise<void> {
    const { downloads } = this.#deps
    const limits = this.#deps.limits()
    const resolution = await downloads.resolution(queued.id)
    const claim = {
      id: queued.id,
      fence: queued.fence + 1,
      ref: queued.ref,
      selection: queued.selection,
      resolution,
      begun: queued.destination !== null,
      attempts: queued.attempts,
      retries: limits.retries,
      connections: Math.min(limits.connections, queued.connections ?? limits.connections),
      ownConnections: queued.connections,
      limitRate: queued.limitRate,
      timeLeftMs: Math.max(0, limits.timeLimitMs - queued.elapsedMs),
    }
    const execution = new Execution(queued, claim, { ...this.#deps, closing: this.#closing.signal })
    const started = execution.start()
    // The slot is taken before the state changes: whoever pauses now finds the run, not only the row.
    const ended = this.#atWork.run(execution, () => this.#carry(execution, started))
    this.#slots.set(queued.id, { execution, ended })
    await started.catch(() => undefined) // told by #carry
  }

  /** Nothing may look as if it were at work while nobody works on it. */
  async #failInstead(id: string, thrown: unknown): Promise<void> {
    if (this.#closing.signal.aborted) return // the next start takes it up
    const { ledger, clock, log } = this.#deps
    try {
      const reason = reasonOf(classify(thrown))
      await ledger.move(id, 'fail', { patch: { reason, finishedAt: clock.now() } })
    } catch (error) {
      log.error({ err: error, id }, 'a download could not be marked as failed')
    }
  }

  async #carry(execution: Execution, started: Promise<boolean>): Promise<void> {
    const { id } = execution
    try {
      if (await started) await execution.run()
    } catch (error) {
      this.#deps.log.error({ err: error, id }, 'the end of a run could not be recorded')
      await this.#failInstead(id, error)
    }
    this.#slots.delete(id)
    try {
      await this.#deps.onSettled(id)
    } catch (error) {
      this.#deps.log.error({ err: error, id }, 'could not tidy up after a run')
    }
    this.poke()
  }
}
