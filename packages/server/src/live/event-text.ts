import type { WindlassEvent } from '@windlass/contract'

/** One event as text, made once for all its readers. */
export interface EventText {
  readonly json: string
  /** As a server-sent event. Events outside the log carry no id, so a reader's place stays. */
  readonly frame: string
}

export function eventText(event: WindlassEvent): EventText {
  const json = JSON.stringify(event)
  return { json, frame: `${idLine(event)}event: ${event.type}\ndata: ${json}\n\n` }
}

function idLine(event: WindlassEvent): string {
  if (event.seq !== null) return `id: ${event.seq}\n`
  // After a resync the reader goes on from the number that it names.
  return event.type === 'resync' ? `id: ${event.data.seq}\n` : ''
}
