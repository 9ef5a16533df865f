import type { Download, DownloadState, ModelTaskProgress } from '@windlass/contract'
import {
  type Clock,
  type Downloads,
  type EventLog,
  isWindlassError,
  type Logger,
  modelProgress,
  WindlassError,
} from '@windlass/engine'
import type { FastifyReply } from 'fastify'
import { type EventSender, sendEvents } from './send-events.ts'

export interface TaskFeedDeps {
  readonly downloads: Pick<Downloads, 'find'>
  readonly events: EventLog
  readonly clock: Clock
  readonly log: Logger
  /** Aborts when the server closes. */
  readonly closing: AbortSignal
}

const MOST_READERS = 256
const HEARTBEAT_MS = 15_000
const LAST: readonly DownloadState[] = ['completed', 'failed', 'cancelled']

/** Streams of single tasks: where each is, at once, at every change, and for the last time at its end. */
export class TaskFeed {
  readonly #deps: TaskFeedDeps
  #readers = 0

  constructor(deps: TaskFeedDeps) {
    this.#deps = deps
  }

  /** @throws WindlassError TOO_MANY_STREAMS */
  follow(reply: FastifyReply, id: string): void {
    if (this.#readers >= MOST_READERS) throw new WindlassError('TOO_MANY_STREAMS')
    this.#readers++
    const { clock, closing, events, log } = this.#deps
    const sender = sendEvents(reply, log)
    const reader = new TaskReader(id, sender, this.#deps)
    const unsubscribe = events.subscribe((event) => {
      const isOurs =
        (event.type === 'download.state-changed' ||
          event.type === 'download.progressed' ||
          event.type === 'download.forgotten') &&
        event.data.id === id
      if (isOurs) reader.look()
    })
    const stopBeat = clock.every(HEARTBEAT_MS, () => sender.beat())
    const end = (): void => sender.end()
    closing.addEventListener('abort', end, { once: true })
    sender.onClose(() => {
      this.#readers--
      unsubscribe()
      stopBeat()
      closing.removeEventListener('abort', end)
    })
    reader.look()
  }
}

class TaskReader {
  readonly #id: string
  readonly #sender: EventSender
  readonly #deps: Pick<TaskFeedDeps, 'downloads' | 'log'>
  #isLooking = false
  #isStale = false

  constructor(id: string, sender: EventSender, deps: Pick<TaskFeedDeps, 'downloads' | 'log'>) {
    this.#id = id
    this.#sender = sender
    this.#deps = deps
  }

  /** Something has changed. What changes while one is on its way is told with the next. */
  look(): void {
    this.#isStale = true
    if (this.#isLooking) return
    this.#isLooking = true
    this.#tellAll()
      .catch((err: unknown) => {
        if (!isWindlassError(err, 'DOWNLOAD_NOT_FOUND')) {
          this.#deps.log.error({ err }, 'a stream of a task failed')
        }
        this.#sender.end()
      })
      .finally(() => {
        this.#isLooking = false
      })
  }

  async #tellAll(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false
      const download = await this.#deps.downloads.find(this.#id)
      this.#sender.send('progress', messageOf(download))
      if (!LAST.includes(download.state)) continue
      this.#sender.end()
      return
    }
  }
}

function messageOf(download: Download): ModelTaskProgress {
  return {
    task_id: download.id,
    state: download.state,
    progress: modelProgress(download),
    error_message: download.reason?.message ?? null,
  }
}
