import type { Download, DownloadRequest } from '@windlass/contract'
import type { DownloadRepository } from '../database/download-repository.ts'
import type { Limits } from '../engine.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import type { Logger } from '../ports.ts'
import type { Clock } from '../runtime/clock.ts'
import { StopRequest } from '../runtime/stop-request.ts'
import type { SourceRegistry } from '../sources/registry.ts'
import type { SourceRef } from '../sources/source.ts'
import type { Store } from '../stores/store.ts'
import type { KeepKey } from './create-once.ts'
import type { DownloadActions } from './download-actions.ts'
import type { DownloadRecord, Selection, StoredResolution } from './download-record.ts'
import { groupUnits } from './group-units.ts'
import type { Ledger, NewDownload } from './ledger.ts'
import { newId } from './new-id.ts'
import { type QueueRoomDeps, requireQueueRoom } from './queue-room.ts'
import type { Scheduler } from './scheduler.ts'

export interface CreateDeps {
  readonly sources: SourceRegistry
  readonly downloads: DownloadRepository
  readonly ledger: Ledger
  readonly scheduler: Scheduler
  readonly limits: QueueRoomDeps['limits']
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
  readonly store: (placement: StoredResolution['placement']) => Store
  readonly describe: (record: DownloadRecord) => Promise<Download>
  readonly retry: DownloadActions['retry']
  readonly setDownloadRate: Limits['setDownloadRate']
}

export interface ParsedRequest {
  readonly ref: SourceRef
  readonly selection: Selection
  readonly jobKey: string
}

/** How long a person waits to hear that nothing is to be done. */
const RECHECK_MS = 10_000

/** Text to ref. @throws WindlassError REF_INVALID, DESTINATION_UNAVAILABLE */
export function parseRequest(request: DownloadRequest, sources: SourceRegistry): ParsedRequest {
  const { ref: text, revision, destination } = request
  if (destination !== undefined) throw new WindlassError('DESTINATION_UNAVAILABLE')
  const { ref } = sources.parse(text, revision === undefined ? {} : { revision })
  const selection = { include: sorted(request.include), exclude: sorted(request.exclude) }
  const { source, canonical } = ref
  const jobKey = JSON.stringify([source, canonical, selection.include, selection.exclude])
  return { ref, selection, jobKey }
}

/**
 * Accepts a request, or finds the job that it means already. One that failed or was
 * cancelled is tried again under its own id, so that its bytes are used; it stays paused where
 * the request says so.
 *
 * @throws WindlassError REF_INVALID, DESTINATION_UNAVAILABLE, QUEUE_FULL
 */
export async function createDownload(
  request: DownloadRequest,
  deps: CreateDeps,
  keepKey?: KeepKey,
): Promise<{ readonly download: Download; readonly created: boolean }> {
  const parsed = parseRequest(request, deps.sources)
  const found = await deps.downloads.findByJob(parsed.jobKey)
  if (found !== null) {
    const known = await answerOf(found, request, deps)
    if (known !== null) return { download: known, created: false }
  }
  const record = await deps.ledger.create(draftOf(request, parsed, deps), {
    guard: (db) => requireQueueRoom(db, deps),
    ...(keepKey === undefined ? {} : { alongside: keepKey }),
  })
  deps.scheduler.poke()
  return { download: await deps.describe(record), created: true }
}

/** The job that stands for the request; null when that needs a new one. */
async function answerOf(
  found: DownloadRecord,
  request: DownloadRequest,
  deps: CreateDeps,
): Promise<Download | null> {
  if (found.state === 'failed' || found.state === 'cancelled') {
    const { options, priority, paused } = request
    return await deps.retry(found.id, { ...options, priority, paused })
  }
  if (found.state !== 'completed') {
    return await deps.describe(await withNewLimits(found, request, deps))
  }
  return (await isStillWhole(found, deps)) ? await deps.describe(found) : null
}

/** Asking again with a limit or a priority changes it: the rate at once, the connections at the next start. */
async function withNewLimits(
  known: DownloadRecord,
  { options: { connections, limitRate } = {}, priority }: DownloadRequest,
  { ledger, setDownloadRate }: CreateDeps,
): Promise<DownloadRecord> {
  const { id } = known
  if (connections !== undefined) await ledger.note([], { id, set: { connections } })
  if (limitRate !== undefined) await setDownloadRate(id, limitRate)
  if (priority !== undefined) await ledger.note([], { id, set: { priority } })
  return {
    ...known,
    priority: priority ?? known.priority,
    connections: connections ?? known.connections,
    limitRate: limitRate ?? known.limitRate,
  }
}

/**
 * A completed job stands for a request while its files are in place, unless its host says that
 * the revision has moved: a host that does not answer takes nothing away.
 */
async function isStillWhole(record: DownloadRecord, deps: CreateDeps): Promise<boolean> {
  const resolution = await deps.downloads.resolution(record.id)
  if (resolution === null) return false
  const { placement, files, revision } = resolution
  if (!(await deps.store(placement).isComplete(placement, groupUnits(files)))) return false
  if (placement.refName === null) return true
  const current = await currentRevision(record, deps)
  return current === null || revision === current
}

/** null when the host does not answer in time, says no, or may not be asked. */
async function currentRevision(record: DownloadRecord, deps: CreateDeps): Promise<string | null> {
  const controller = new AbortController()
  const asking = new AbortController()
  const late = deps.clock
    .sleep(RECHECK_MS, { signal: asking.signal })
    .then(() => controller.abort(new StopRequest('shutdown')))
    .catch(() => undefined) // ended below, when the answer is there
  try {
    const source = deps.sources.get(record.ref.source)
    // Only the revision counts: one that has nothing of the selection any more is another one, too.
    return (await source.resolve(record.ref, { signal: controller.signal })).revision
  } catch (error) {
    deps.log.debug({ err: error, id: record.id }, 'could not ask whether a revision has moved')
    return null
  } finally {
    asking.abort(new StopRequest('shutdown'))
    await late
  }
}

function draftOf(
  request: DownloadRequest,
  { ref, selection, jobKey }: ParsedRequest,
  { clock, random }: CreateDeps,
): NewDownload {
  return {
    id: newId(random),
    ref,
    refText: request.ref,
    selection,
    jobKey,
    title: request.ref,
    state: request.paused === true ? 'paused' : 'queued',
    reason: null,
    priority: request.priority ?? 0,
    connections: request.options?.connections ?? null,
    limitRate: request.options?.limitRate ?? null,
    interrupted: false,
    fence: 0,
    lostStarts: 0,
    attempts: 0,
    revision: null,
    destination: null,
    result: null,
    receipt: null,
    cleanupPending: false,
    progress: { receivedBytes: 0, totalBytes: null, filesDone: 0, filesTotal: null },
    retryAt: null,
    createdAt: clock.now(),
    startedAt: null,
    finishedAt: null,
    elapsedMs: 0,
  }
}

function sorted(patterns: readonly string[] | undefined): readonly string[] | null {
  return patterns === undefined ? null : [...new Set(patterns)].sort((a, b) => (a < b ? -1 : 1))
}
