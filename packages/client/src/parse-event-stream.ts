/** One message of a `text/event-stream` body; `data` is null when the message only moved the id on. */
export interface StreamMessage {
  /** The id in force after this message: the one to ask for when the stream breaks. */
  readonly lastEventId: string
  readonly event: string
  readonly data: string | null
}

/** What the parser tells beside messages: the pause the server asks for before a reconnect. */
export interface EventStreamParser {
  /** Takes the next piece of the body and returns the messages that it completes. */
  push(piece: Uint8Array): readonly StreamMessage[]
  /** Pause before a reconnect that the server asked for, in milliseconds; null until it does. */
  retryMs(): number | null
}

const MAX_MESSAGE_CHARS = 8 * 1024 * 1024

/**
 * Reads a stream of server-sent events as the HTML standard defines it (section 9.2.6):
 * any of LF, CR and CRLF ends a line, a message may arrive in pieces cut anywhere,
 * in the middle of a character too, and an unfinished message at the end is dropped.
 *
 * `push` throws RangeError when a single message passes 8 Mi characters.
 */
export function createEventStreamParser(lastEventId = ''): EventStreamParser {
  const decoder = new TextDecoder('utf-8')
  const message = new MessageBuilder(lastEventId)
  let rest = ''
  let skipLineFeed = false

  return {
    push(piece) {
      rest += decoder.decode(piece, { stream: true })
      const done: StreamMessage[] = []
      let start = 0
      for (;;) {
        // The LF of a CRLF may come with the next piece; a CR ends its line without waiting for it.
        if (skipLineFeed && start < rest.length) {
          if (rest[start] === '\n') start++
          skipLineFeed = false
        }
        const end = lineEnd(rest, start)
        if (end === -1) break
        skipLineFeed = rest[end] === '\r'
        const finished = message.line(rest.slice(start, end))
        if (finished !== null) done.push(finished)
        start = end + 1
      }
      rest = rest.slice(start)
      if (rest.length + message.size > MAX_MESSAGE_CHARS) throw new RangeError('message too long')
      return done
    },
    retryMs: () => message.retryMs,
  }
}

function lineEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const char = text[at]
    if (char === '\n' || char === '\r') return at
  }
  return -1
}

class MessageBuilder {
  retryMs: number | null = null
  size = 0
  #lastEventId: string
  #idChanged = false
  #event = ''
  #data: string[] = []

  constructor(lastEventId: string) {
    this.#lastEventId = lastEventId
  }

  line(line: string): StreamMessage | null {
    if (line === '') return this.#finish()
    const colon = line.indexOf(':')
    if (colon === 0) return null
    const field = colon === -1 ? line : line.slice(0, colon)
    const raw = colon === -1 ? '' : line.slice(colon + 1)
    this.#field(field, raw.startsWith(' ') ? raw.slice(1) : raw)
    return null
  }

  #field(field: string, value: string): void {
    if (field === 'data') {
      this.#data.push(value)
      this.size += value.length
    } else if (field === 'event') {
      this.#event = value
    } else if (field === 'id' && !value.includes('\0')) {
      this.#idChanged ||= value !== this.#lastEventId
      this.#lastEventId = value
    } else if (field === 'retry' && /^\d{1,9}$/.test(value)) {
      this.retryMs = Number(value)
    }
  }

  #finish(): StreamMessage | null {
    const hasData = this.#data.length > 0
    const finished =
      hasData || this.#idChanged
        ? {
            lastEventId: this.#lastEventId,
            event: this.#event === '' ? 'message' : this.#event,
            data: hasData ? this.#data.join('\n') : null,
          }
        : null
    this.#data = []
    this.#event = ''
    this.#idChanged = false
    this.size = 0
    return finished
  }
}
