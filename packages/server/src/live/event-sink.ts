import type { EventText } from './event-text.ts'

/** Where a reader begins. */
export interface ReaderPlace {
  /** The last event of the log that the reader has, or need not have. */
  readonly seq: number
  /** Epoch milliseconds. */
  readonly at: number
  /** The reader named no place: it begins with what happens next. */
  readonly isFresh: boolean
}

/** One reader's connection, whatever it speaks. */
export interface EventSink {
  /** Tells the reader where it begins, so that it knows where to go on before its first event. */
  begin(place: ReaderPlace): void
  send(text: EventText): void
  /** Keeps an idle connection open, and finds out whether anybody is there. */
  beat(): void
  /** Says good-bye in good order. */
  end(): void
  destroy(): void
  readonly gone: boolean
  /** Handed over and not yet taken by the network. */
  readonly backlogBytes: number
  /** The reader does not keep up at the moment. */
  readonly isBehind: boolean
  /** Resolves when the reader has caught up, or is gone. */
  drained(): Promise<void>
  onGone(listener: () => void): void
}
