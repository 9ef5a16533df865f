import type { ServerResponse } from 'node:http'
import type { EventSink, ReaderPlace } from './event-sink.ts'
import type { EventText } from './event-text.ts'

const RECONNECT_MS = 1000

/** A reader of server-sent events: the answer of its request. */
export class ResponseSink implements EventSink {
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
  }

  begin({ seq }: ReaderPlace): void {
    // An id without data moves the reader's place and wakes nobody.
    this.#response.write(`retry: ${RECONNECT_MS}\nid: ${seq}\n\n`)
  }

  send(text: EventText): void {
    this.#response.write(text.frame)
  }

  beat(): void {
    this.#response.write(': heartbeat\n\n')
  }

  end(): void {
    this.#response.end()
  }

  destroy(): void {
    this.#response.destroy()
  }

  get gone(): boolean {
    return this.#response.destroyed
  }

  get backlogBytes(): number {
    return this.#response.writableLength
  }

  get isBehind(): boolean {
    return this.#response.writableNeedDrain
  }

  async drained(): Promise<void> {
    if (!this.isBehind || this.gone) return
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        this.#response.off('drain', settle)
        this.#response.off('close', settle)
        resolve()
      }
      this.#response.once('drain', settle)
      this.#response.once('close', settle)
    })
  }

  onGone(listener: () => void): void {
    this.#response.once('close', listener)
  }
}
