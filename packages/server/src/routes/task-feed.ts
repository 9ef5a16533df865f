import type { Download, DownloadState, ModelTaskProgress } from '@windlass/contract'
import {
  type Downloads,
  type EventLog,
  isWindlassError,
  type Logger,
  modelProgress,
} from '@windlass/engine'
import type { FastifyReply } from 'fastify'
import type { EventHub, ReaderOrigin } from '../live/event-hub.ts'
import { type EventSender, sendEvents } from './send-events.ts'

export interface TaskFeedDeps {
  readonly downloads: Pick<Downloads, 'find'>
  readonly events: EventLog
  readonly hub: Pick<EventHub, 'requireRoom' | 'admit'>
  readonly log: Logger
}

const LAST: readonly DownloadState[] = ['completed', 'failed', 'cancelled']

/** Streams of single tasks: where each is, at once, at every change, and for the last time at its end. */
export class TaskFeed {
  readonly #deps: TaskFeedDeps
  constructor(deps: TaskFeedDeps) {
    this.#deps = deps
  }

  /** @throws WindlassError TOO_MANY_STREAMS, SERVER_CLOSING */
  follow(reply: FastifyReply, id: string, origin: ReaderOrigin): void {
    const { hub, events, log } = this.#deps
    hub.requireRoom(origin.client)
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
    const leave = hub.admit(sender, origin)
    sender.onClose(() => {
      unsubscribe()
      leave()
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
    void this.#tellAll()
  }

  async #tellAll(): Promise<void> {
    try {
      while (this.#isStale) await this.#tell()
    } catch (err) {
      if (!isWindlassError(err, 'DOWNLOAD_NOT_FOUND')) {
        this.#deps.log.error({ err }, 'a stream of a task failed')
      }
      this.#sender.end()
    } finally {
      // In one go with the last glance at #isStale, or a change in between would be told to nobody.
      this.#isLooking = false
    }
  }

  async #tell(): Promise<void> {
    this.#isStale = false
    const download = await this.#deps.downloads.find(this.#id)
    this.#sender.send('progress', messageOf(download))
    if (LAST.includes(download.state)) this.#sender.end()
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
