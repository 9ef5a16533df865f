import type { WindlassEvent } from '@windlass/contract'

/** How a person or a program is told what happens while downloads are followed. */
export interface Reporter {
  /** Called after the event was taken into the model. */
  event(event: WindlassEvent): void
  /** Something said by the command itself. */
  note(text: string): void
  /** Ends the telling; nothing is called after it. */
  close(): void
}
