import type { WindlassEvent } from '@windlass/contract'

/** One event as server-sent text. Events outside the log carry no id, so a reader's place stays. */
export function eventFrame(event: WindlassEvent): string {
  return `${idLine(event)}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

function idLine(event: WindlassEvent): string {
  if (event.seq !== null) return `id: ${event.seq}\n`
  // After a resync the reader goes on from the number that it names.
  return event.type === 'resync' ? `id: ${event.data.seq}\n` : ''
}
