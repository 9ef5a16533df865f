import type { Download, DownloadState } from '@windlass/contract'
import type { DownloadRepository } from '../database/download-repository.ts'
import type { DownloadRecord } from '../downloads/download-record.ts'
import { isWindlassError } from '../errors/windlass-error.ts'
import type { HubRef } from '../sources/huggingface/hub-ref.ts'
import { parseHubRef } from '../sources/huggingface/parse-hub-ref.ts'
import type { ModelId } from './model-name.ts'

/** A download of the list together with what it fetches. */
export interface ModelJob {
  readonly record: DownloadRecord
  readonly ref: HubRef
}

/** At work, or going on by itself. */
export const MOVING_STATES: readonly DownloadState[] = [
  'queued',
  'resolving',
  'downloading',
  'verifying',
  'waiting',
]
/** Begun and not at its end; a person can let it go on. */
export const HELD_STATES: readonly DownloadState[] = ['paused', 'blocked']
const UNFINISHED_STATES: readonly DownloadState[] = [...MOVING_STATES, ...HELD_STATES, 'failed']

const EVERY = Number.MAX_SAFE_INTEGER

/** Downloads from the Hub that have not come to a good end, newest first. */
export function unfinishedJobs(downloads: DownloadRepository): Promise<readonly ModelJob[]> {
  return jobsIn(downloads, UNFINISHED_STATES)
}

/** Downloads from the Hub in some states, newest first. */
export async function jobsIn(
  downloads: DownloadRepository,
  states: readonly DownloadState[],
): Promise<readonly ModelJob[]> {
  const records = await downloads.list({ source: 'huggingface', states, limit: EVERY })
  return records.flatMap((record) => {
    const ref = refOf(record)
    return ref === null ? [] : [{ record, ref }]
  })
}

export function isOfRepo(
  { ref }: ModelJob,
  { repoType, repoId }: Pick<ModelId, 'repoType' | 'repoId'>,
): boolean {
  return ref.repoType === repoType && ref.repoId === repoId
}

/** Everything of the revision, not only some files of it. */
export function isWholeJob({ record, ref }: ModelJob): boolean {
  const { include, exclude } = record.selection
  return ref.path === null && ref.quantization === null && include === null && exclude === null
}

/** The commit that a job fetches, or the revision that it was asked for while that is not known. */
export function revisionOf({ record, ref }: ModelJob): string {
  return record.revision ?? ref.revision
}

/** The job to tell a person about: one that moves before one that is held, a whole one before a part. */
export function foremostJob(jobs: readonly ModelJob[]): ModelJob | null {
  const rank = (job: ModelJob): number => {
    const state = MOVING_STATES.includes(job.record.state) ? 0 : 2
    return (job.record.state === 'failed' ? 4 : state) + (isWholeJob(job) ? 0 : 1)
  }
  return jobs.toSorted((a, b) => rank(a) - rank(b))[0] ?? null
}

/** The figures of a job in the words of the model routes. */
export function modelProgress({ progress, startedAt, elapsedSeconds }: Download) {
  return {
    start_time: startedAt === null ? null : new Date(startedAt).toISOString(),
    elapsed_seconds: elapsedSeconds,
    received_bytes: progress.receivedBytes,
    total_bytes: progress.totalBytes,
    percent: progress.percent,
    bytes_per_second: progress.bytesPerSecond,
    eta_seconds: progress.etaSeconds,
    files_done: progress.filesDone,
    files_total: progress.filesTotal,
  }
}

function refOf({ ref }: DownloadRecord): HubRef | null {
  try {
    // The canonical text names no host.
    return parseHubRef(ref.canonical, { endpoint: '' })
  } catch (error) {
    if (isWindlassError(error, 'REF_INVALID')) return null
    throw error
  }
}
