import type { MoveTarget } from '@windlass/contract'
import type { Kysely } from 'kysely'
import type { DownloadRepository } from '../database/download-repository.ts'
import { type QueueKey, type QueueRepository, RANK_STEP } from '../database/queue-repository.ts'
import type { Schema } from '../database/schema.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import type { DownloadRecord } from './download-record.ts'
import { advance } from './state-table.ts'

export interface PlaceDeps {
  readonly db: Kysely<Schema>
  readonly downloads: DownloadRepository
  readonly queue: QueueRepository
}

/**
 * Where a download stands after a move. Somebody who stands there already keeps all he has.
 * @throws WindlassError DOWNLOAD_NOT_FOUND, INVALID_STATE for the other download of `before`
 */
export async function newPlace(
  record: DownloadRecord,
  target: MoveTarget,
  deps: PlaceDeps,
): Promise<QueueKey> {
  const { interrupted, rank } = record
  if ('priority' in target) return { interrupted, priority: target.priority, rank }
  if ('before' in target) return await placeBefore(record, target.before, deps)
  const end = await deps.queue.end(deps.db, target.to, record.id)
  if (end === null) return keyOf(record)
  const isThere = target.to === 'first' ? compare(record, end) < 0 : compare(record, end) > 0
  if (isThere) return keyOf(record)
  return { ...keyOf(end), rank: await deps.queue.edgeRank(deps.db, target.to) }
}

async function placeBefore(
  record: DownloadRecord,
  otherId: string,
  deps: PlaceDeps,
): Promise<QueueKey> {
  const { db, downloads, queue } = deps
  if (otherId === record.id) return keyOf(record)
  const other = await downloads.find(otherId, db)
  if (other === null) throw new WindlassError('DOWNLOAD_NOT_FOUND', { detail: otherId })
  advance(other.state, 'move')
  const neighbour = await queue.neighbourBefore(db, other, record.id)
  const followsNeighbour = neighbour === null || compare(record, neighbour) > 0
  if (followsNeighbour && compare(record, other) < 0) return keyOf(record)
  const below = (await queue.rankBelow(db, other.rank, record.id)) ?? other.rank - 2 * RANK_STEP
  const rank = Math.floor((below + other.rank) / 2)
  if (rank > below) return { ...keyOf(other), rank }
  await queue.spread(db)
  return await placeBefore((await downloads.find(record.id, db)) ?? record, otherId, deps)
}

function keyOf({ interrupted, priority, rank }: DownloadRecord): QueueKey {
  return { interrupted, priority, rank }
}

/** Below 0 when the one starts before the other. */
function compare(one: DownloadRecord, other: DownloadRecord): number {
  return (
    Number(other.interrupted) - Number(one.interrupted) ||
    other.priority - one.priority ||
    one.rank - other.rank
  )
}
