import type { LoggedEvent, PassingEvent, WindlassEvent } from '@windlass/contract'
import { type Clock, type EventLog, isWindlassError, type Logger } from '@windlass/engine'

export type LogLine = PassingEvent<'download.logged'>
type Level = LogLine['data']['level']

const MOST_LINES = 100
const MOST_DOWNLOADS = 500

/**
 * The last log lines of each download, in memory: what the engine logs about it, and what
 * happened to it, in words. Bounded, so the oldest lines and the quietest downloads go first.
 */
export class DownloadLines {
  readonly #clock: Clock
  readonly #lines = new Map<string, LogLine[]>()
  readonly #listeners = new Set<(line: LogLine) => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The lines kept of a download, oldest first. */
  of(id: string): readonly LogLine[] {
    return this.#lines.get(id) ?? []
  }

  /** Calls `listener` with every new line until the returned function is called. */
  subscribe(listener: (line: LogLine) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Puts what happens into words, until the returned function is called. */
  follow(events: EventLog): () => void {
    return events.subscribe((event) => {
      if (event.type === 'download.forgotten') this.#lines.delete(event.data.id)
      else this.#put(lineOf(event))
    })
  }

  /** The same log, whose lines about a download are kept here as well. Of an error, its code alone is. */
  listen(log: Logger): Logger {
    const both =
      (level: Level) =>
      (facts: object, message: string): void => {
        log[level](facts, message)
        if (!('id' in facts) || typeof facts.id !== 'string') return
        const error = 'err' in facts && isWindlassError(facts.err) ? `: ${facts.err.code}` : ''
        const data = { id: facts.id, level, message: `${message}${error}` }
        this.#put({ seq: null, at: this.#clock.now(), type: 'download.logged', data })
      }
    return { debug: both('debug'), info: both('info'), warn: both('warn'), error: both('error') }
  }

  #put(line: LogLine | null): void {
    if (line === null) return
    const { id } = line.data
    const kept = this.#lines.get(id) ?? []
    kept.push(line)
    if (kept.length > MOST_LINES) kept.shift()
    this.#lines.delete(id)
    this.#lines.set(id, kept)
    const [quietest] = this.#lines.keys()
    if (this.#lines.size > MOST_DOWNLOADS && quietest !== undefined) this.#lines.delete(quietest)
    for (const listener of this.#listeners) listener(line)
  }
}

/** Null for what is no news to somebody who reads a log. */
function lineOf(event: WindlassEvent): LogLine | null {
  if (event.seq === null) return null
  const words = wordsOf(event)
  if (words === null) return null
  const [id, level, message] = words
  return { seq: null, at: event.at, type: 'download.logged', data: { id, level, message } }
}

function wordsOf(event: LoggedEvent): readonly [string, Level, string] | null {
  switch (event.type) {
    case 'download.created':
      return [event.data.download.id, 'info', `accepted ${event.data.download.ref}`]
    case 'download.state-changed': {
      const { id, from, to, reason } = event.data
      const why = reason === undefined ? '' : `: ${reason.message} (${reason.code})`
      return [id, to === 'failed' || to === 'blocked' ? 'warn' : 'info', `${from} -> ${to}${why}`]
    }
    case 'download.resolved': {
      const { id, filesTotal, totalBytes, revision } = event.data
      return [id, 'info', `resolved ${revision ?? ''}: ${filesTotal} files, ${totalBytes} bytes`]
    }
    case 'download.file-completed': {
      const { id, path, sizeBytes, present } = event.data
      return [id, 'info', `${path}: ${sizeBytes} bytes ${present ? 'were there' : 'complete'}`]
    }
    case 'download.noticed': {
      const { id, code, message, path } = event.data
      return [id, 'warn', `${path === undefined ? '' : `${path}: `}${message} (${code})`]
    }
    case 'download.cleaned':
      return [event.data.id, 'info', `removed ${event.data.files} files, ${event.data.bytes} bytes`]
    case 'download.moved': {
      const { id, download } = event.data
      return [id, 'info', `priority ${download.priority}, another place in the queue`]
    }
    case 'download.forgotten':
    case 'limits.changed':
      return null
  }
}
