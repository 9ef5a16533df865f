import { z } from 'zod'
import { DownloadAction, DownloadState } from './download-state.ts'
import { ERROR_CAUSES } from './error-causes.ts'
import { ERROR_CODE_NAMES } from './error-codes.ts'
import { WaitsFor } from './waits-for.ts'

const epochMs = z.number().meta({ description: 'Epoch milliseconds' })
const sizeBytes = z.int().min(0)

/** Why a download is where it is, and what can be done about it. */
export const DownloadReason = z
  .object({
    code: z.enum(ERROR_CODE_NAMES),
    /** Whose trouble it is. */
    cause: z.enum(ERROR_CAUSES),
    message: z.string(),
    hint: z.string().optional(),
    retryAt: epochMs.optional(),
  })
  .meta({ id: 'DownloadReason' })
export type DownloadReason = z.infer<typeof DownloadReason>

/** Bytes and files of one download. `totalBytes` is null until the reference is resolved. */
export const DownloadProgress = z
  .object({
    receivedBytes: sizeBytes,
    totalBytes: sizeBytes.nullable(),
    percent: z.number().min(0).max(100).nullable(),
    /** Over the last 5 s; 0 when nothing moves. */
    bytesPerSecond: z.number().min(0),
    etaSeconds: z.number().min(0).nullable(),
    filesDone: z.int().min(0),
    filesTotal: z.int().min(0).nullable(),
  })
  .meta({ id: 'DownloadProgress' })
export type DownloadProgress = z.infer<typeof DownloadProgress>

const FILE_STATES = ['pending', 'downloading', 'verifying', 'done'] as const

/** One file of a download. `present` says that it was there before and cost no byte. */
export const DownloadFile = z
  .object({
    path: z.string(),
    sizeBytes: sizeBytes.nullable(),
    receivedBytes: sizeBytes,
    state: z.enum(FILE_STATES),
    present: z.boolean(),
  })
  .meta({ id: 'DownloadFile' })
export type DownloadFile = z.infer<typeof DownloadFile>

/** What a cancel removed: every byte of ours and nothing else. */
export const CancelReceipt = z
  .object({ files: z.int().min(0), bytes: sizeBytes })
  .meta({ id: 'CancelReceipt' })
export type CancelReceipt = z.infer<typeof CancelReceipt>

/** A download without its file list, as lists and events carry it. */
export const DownloadSummary = z
  .object({
    id: z.string(),
    ref: z.string(),
    source: z.string(),
    title: z.string(),
    state: DownloadState,
    reason: DownloadReason.optional(),
    waitsFor: WaitsFor.optional(),
    progress: DownloadProgress,
    revision: z.string().nullable(),
    destination: z.string().nullable(),
    priority: z.int(),
    /** Connections at most, where the download has a limit of its own. */
    connections: z.int().optional(),
    /** Bytes per second at most, where the download has a limit of its own. */
    limitRate: z.int().optional(),
    result: z
      .object({
        path: z.string(),
        sizeBytes,
        verified: z.boolean(),
        /** By path: of the files whose digest nobody told, what was computed as they came. */
        computedSha256: z.record(z.string(), z.string()).optional(),
      })
      .optional(),
    receipt: CancelReceipt.optional(),
    /** Attempts so far, each one ended by a failure that a later one may mend. */
    attempts: z.int().min(0),
    createdAt: epochMs,
    startedAt: epochMs.nullable(),
    finishedAt: epochMs.nullable(),
    elapsedSeconds: z.number().min(0),
    actions: z.array(DownloadAction),
  })
  .meta({ id: 'DownloadSummary' })
export type DownloadSummary = z.infer<typeof DownloadSummary>

/** One job: a ref, its resolution, its state, its files. */
export const Download = DownloadSummary.extend({ files: z.array(DownloadFile) }).meta({
  id: 'Download',
})
export type Download = z.infer<typeof Download>
