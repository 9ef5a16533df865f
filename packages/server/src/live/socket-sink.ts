import type { EventSink, ReaderPlace } from './event-sink.ts'
import { type EventText, eventText } from './event-text.ts'

/** What is used of a WebSocket of the package `ws`, which ships no types. */
export interface LiveSocket {
  readonly bufferedAmount: number
  readonly readyState: number
  send(text: string, done: (error?: Error | null) => void): void
  ping(): void
  close(code: number, reason: string): void
  terminate(): void
  on(event: 'message', listener: (data: { toString(): string }) => void): void
  on(event: 'close' | 'pong', listener: () => void): void
}

const OPEN = 1
/** RFC 6455, 7.4.1: an endpoint is going away. */
const GOING_AWAY = 1001
/** As much as a server-sent stream takes before it asks to wait. */
const BEHIND_BYTES = 16 * 1024

/** A reader on a WebSocket: one event as JSON in each message. */
export class SocketSink implements EventSink {
  readonly #socket: LiveSocket
  #waiting: (() => void)[] = []
  #answered = true

  constructor(socket: LiveSocket) {
    this.#socket = socket
    socket.on('pong', () => {
      this.#answered = true
    })
    this.onGone(() => this.#settle())
  }

  /** A fresh reader is told its place in the words of a resync: read the list, go on from here. */
  begin({ seq, at, isFresh }: ReaderPlace): void {
    if (isFresh) this.send(eventText({ seq: null, at, type: 'resync', data: { seq } }))
  }

  send(text: EventText): void {
    this.#socket.send(text.json, (error) => {
      if (error) this.destroy()
      if (!this.isBehind) this.#settle()
    })
  }

  /** A reader that has not answered since the last beat is not there any more. */
  beat(): void {
    if (this.#answered) this.#socket.ping()
    else this.destroy()
    this.#answered = false
  }

  end(): void {
    this.#socket.close(GOING_AWAY, '')
  }

  destroy(): void {
    this.#socket.terminate()
  }

  get gone(): boolean {
    return this.#socket.readyState !== OPEN
  }

  get backlogBytes(): number {
    return this.#socket.bufferedAmount
  }

  get isBehind(): boolean {
    return this.#socket.bufferedAmount > BEHIND_BYTES
  }

  async drained(): Promise<void> {
    if (!this.isBehind || this.gone) return
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  onGone(listener: () => void): void {
    this.#socket.on('close', listener)
  }

  #settle(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
