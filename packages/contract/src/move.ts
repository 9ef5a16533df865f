import { z } from 'zod'

/** The priorities that there are; higher goes first. */
export const Priority = z.int().min(-1000).max(1000).meta({ id: 'Priority' })

const id = z.string().min(1).max(128)

const first = { to: z.enum(['first', 'last']) }
const beforeOther = { before: id.meta({ description: 'Id of the download to stand before' }) }
const withPriority = { priority: Priority }

/**
 * Where in the queue: at one of its ends, directly before another download, or among those
 * of a priority. Whoever is given a place takes the priority of that place, where its own
 * would not let it stand there.
 */
export const MoveTarget = z
  .union([z.strictObject(first), z.strictObject(beforeOther), z.strictObject(withPriority)])
  .meta({ id: 'MoveTarget' })
export type MoveTarget = z.infer<typeof MoveTarget>

const ids = { ids: z.array(id).min(1).max(1000) }

/** Several at once: they stand in the order in which they are named. */
export const BulkMove = z
  .union([
    z.strictObject({ ...ids, ...first }),
    z.strictObject({ ...ids, ...beforeOther }),
    z.strictObject({ ...ids, ...withPriority }),
  ])
  .meta({ id: 'BulkMove' })
export type BulkMove = z.infer<typeof BulkMove>
