import type { EventRepository } from '../database/event-repository.ts'
import type { EventLog } from '../engine.ts'
import type { EventBus } from './event-bus.ts'

/** Events kept for readers that come back; older ones need a fresh list. */
const KEPT_EVENTS = 20_000
const PRUNE_EVERY = 1_000

/** The event log: what is in the database, and what comes from now on. */
export async function openEventLog(
  events: EventRepository,
  bus: EventBus,
  onError: (error: unknown) => void,
): Promise<EventLog> {
  let last = await events.lastSeq()
  let pruned = last
  bus.subscribe((event) => {
    if (event.seq === null) return
    last = event.seq
    if (last - pruned < PRUNE_EVERY) return
    pruned = last
    events.prune(KEPT_EVENTS).catch(onError)
  })
  return {
    lastSeq: () => last,
    async since(seq, limit) {
      if (seq > last) return null
      if (seq === last) return []
      const first = await events.firstSeq()
      if (first === null || seq + 1 < first) return null
      return await events.after(seq, limit)
    },
    subscribe: (listener) => bus.subscribe(listener),
  }
}
