import { z } from 'zod'
import { CancelReceipt, Download, DownloadSummary } from './download.ts'
import { DownloadState } from './download-state.ts'
import { Priority } from './move.ts'
import { Problem } from './problem.ts'

/** Bytes per second. A body comes in pieces of 64 KiB, so a lower limit would look like a line that is dead. */
export const LOWEST_RATE = 1000

const pattern = z.string().min(1).max(1024)

/** How much of the line a download may take. */
const DownloadOptions = z.strictObject({
  /** Connections at most; never more than the settings allow. */
  connections: z.int().min(1).max(64).optional(),
  /** Bytes per second at most. */
  limitRate: z.int().min(LOWEST_RATE).max(Number.MAX_SAFE_INTEGER).optional(),
})

/** What a person asks for: the ref as typed, and which of its files. */
export const DownloadRequest = z
  .strictObject({
    ref: z.string().trim().min(1).max(4096),
    revision: z.string().min(1).max(256).optional(),
    include: z.array(pattern).max(256).optional(),
    exclude: z.array(pattern).max(256).optional(),
    destination: z.string().min(1).max(4096).optional().meta({
      description: 'A folder. Refused in this version, which has the Hub’s cache alone',
    }),
    priority: Priority.optional(),
    paused: z.boolean().optional(),
    options: DownloadOptions.optional(),
  })
  .meta({ id: 'DownloadRequest' })
export type DownloadRequest = z.infer<typeof DownloadRequest>

/** What a request would fetch, without starting it. */
export const DownloadPlan = z
  .object({
    ref: z.string(),
    source: z.string(),
    title: z.string(),
    revision: z.string().nullable(),
    destination: z.string(),
    files: z.array(
      z.object({
        path: z.string(),
        sizeBytes: z.int().min(0).nullable(),
        /** Already in place: nothing to fetch. */
        present: z.boolean(),
      }),
    ),
    totalBytes: z.int().min(0),
    /** Bytes that must still be fetched. */
    missingBytes: z.int().min(0),
    freeBytes: z.int().min(0),
    /** Bytes of free space that stay untouched, for others and as margin. */
    reservedBytes: z.int().min(0),
    fits: z.boolean(),
  })
  .meta({ id: 'DownloadPlan' })
export type DownloadPlan = z.infer<typeof DownloadPlan>

export const DownloadQuery = z.object({
  state: DownloadState.optional(),
  source: z.string().max(64).optional(),
  q: z.string().max(256).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(128).optional(),
})
export type DownloadQuery = z.infer<typeof DownloadQuery>

export const DownloadPage = z
  .object({ items: z.array(DownloadSummary), nextCursor: z.string().nullable() })
  .meta({ id: 'DownloadPage' })
export type DownloadPage = z.infer<typeof DownloadPage>

/** The answer to a cancel: the download, and what was removed. */
export const CancelledDownload = Download.extend({ receipt: CancelReceipt }).meta({
  id: 'CancelledDownload',
})
export type CancelledDownload = z.infer<typeof CancelledDownload>

/** Which downloads a bulk action means. */
export const BulkSelection = z
  .union([
    z.strictObject({ ids: z.array(z.string()).min(1).max(1000) }),
    z.strictObject({ all: z.literal(true) }),
  ])
  .meta({ id: 'BulkSelection' })
export type BulkSelection = z.infer<typeof BulkSelection>

/** One result for each download of a bulk action: none fails because another does. */
export const BulkResult = z
  .object({
    results: z.array(
      z.object({
        id: z.string(),
        download: DownloadSummary.optional(),
        problem: Problem.optional(),
      }),
    ),
  })
  .meta({ id: 'BulkResult' })
export type BulkResult = z.infer<typeof BulkResult>

export const Health = z
  .object({
    status: z.literal('ok'),
    version: z.string(),
    pid: z.int(),
    startedAt: z.number(),
    active: z.int(),
    queued: z.int(),
  })
  .meta({ id: 'Health' })
export type Health = z.infer<typeof Health>
