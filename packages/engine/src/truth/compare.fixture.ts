import type { DownloadState } from '@windlass/contract'
import type { Job, Model } from './model.fixture.ts'
import type { World } from './world.fixture.ts'

interface Seen {
  readonly id: string
  readonly state: DownloadState
  readonly priority: number
  readonly stagedBytes: number | null
  /** Null where it does not wait for a slot. */
  readonly position: number | null
  readonly retryAt: number | null
  readonly isReceiving: boolean
}

/** Notes every difference between what is and what people may count on. */
export async function compare(model: Model, world: World, after: string): Promise<void> {
  const { items } = await world.engine.downloads.list({ limit: 500 })
  const seen = items.map((item): Seen => {
    const { id, state, priority, waitsFor, reason } = item
    return {
      id,
      state,
      priority,
      stagedBytes: world.staged.get(id) || null,
      position: waitsFor?.position ?? null,
      retryAt: reason?.retryAt ?? null,
      isReceiving: world.transfers.has(id),
    }
  })
  const line = model.queue()
  const receiving = new Set(model.receiving().map(({ id }) => id))
  const epochMs = world.clock.now() - world.clock.monotonicMs()
  const wanted = model.jobs.map(
    (job): Seen => ({
      id: job.id,
      state: job.state,
      priority: job.priority,
      stagedBytes: job.bytes || null,
      position: line.includes(job.id) ? line.indexOf(job.id) + 1 : null,
      retryAt: job.retryAt === null ? null : job.retryAt + epochMs,
      isReceiving: receiving.has(job.id),
    }),
  )
  const got = byId(seen)
  const expected = byId(wanted)
  if (got !== expected) world.faults.push(`after ${after}\n is ${got}\n not ${expected}`)
  const orphans = [...world.staged.keys()].filter((id) => model.find(id) === undefined)
  if (orphans.length > 0) world.faults.push(`after ${after}: orphans ${orphans}`)
  const published = [...world.published].toSorted(alphabetic).join()
  if (published !== [...model.published].toSorted(alphabetic).join()) {
    world.faults.push(`after ${after}: in place is ${published}`)
  }
  if (world.faults.length > 0) throw new Error(world.faults.join('\n'))
}

/** Takes over what an unobserved moment decided, and what must not decide anything else. */
export async function syncRuns(model: Model, world: World): Promise<void> {
  const rows = await world.database
    .selectFrom('download')
    .leftJoin('resolution', 'resolution.download_id', 'download.id')
    .select(['download.id', 'download.state', 'interrupted', 'attempts', 'resolution.json'])
    .execute()
  for (const row of rows) {
    const job = model.find(row.id)
    if (job === undefined) continue
    job.isResolved = row.json !== null
    job.attempts = row.attempts
    if (row.state === 'queued') requeue(job, row.interrupted === 1)
    job.bytes ??= world.staged.get(row.id) ?? null
  }
}

/** Cut off before it began, or after: both leave a queued one. */
function requeue(job: Job, interrupted: boolean): void {
  if (job.state !== 'queued' && job.state !== 'downloading') return
  Object.assign(job, { state: 'queued', run: null, interrupted })
}

function byId(seen: readonly Seen[]): string {
  return seen
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map((each) => JSON.stringify(each))
    .join('\n     ')
}

function alphabetic(one: string, other: string): number {
  return one < other ? -1 : 1
}
