import { z } from 'zod'

/** The number of an event, as text. */
export const EventNumber = z.string().regex(/^\d{1,15}$/, 'must be the id of an event')

/** Where a reader of events goes on. */
export const EventsQuery = z.object({ lastEventId: EventNumber.optional() })
