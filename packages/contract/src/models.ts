import { z } from 'zod'
import { CancelReceipt } from './download.ts'
import { DownloadState } from './download-state.ts'
import { ERROR_CODE_NAMES } from './error-codes.ts'
import { MODEL_EXAMPLES as EXAMPLES } from './model-examples.ts'

const count = z.int().min(0)
const isoTime = z.string().meta({ description: 'UTC, ISO 8601' })

/** A repository of the Hub: `org/name`, with `datasets/` or `spaces/` before it for those. */
const hfRepo = z.string().trim().min(1).max(512)
/** A commit, branch or tag. */
const hfCommit = z.string().min(1).max(256)

/** Which model is meant; without `hf_commit` the default branch, or the whole repository for a delete. */
export const ModelRequest = z
  .strictObject({ hf_repo: hfRepo, hf_commit: hfCommit.nullish() })
  .meta({ id: 'ModelRequest', examples: [{ hf_repo: 'org/name' }] })
export type ModelRequest = z.infer<typeof ModelRequest>

export const ModelName = z
  .object({
    hf_repo: z.string(),
    /** The commit where it is known, else what was asked for; null for the default branch. */
    hf_commit: z.string().nullable(),
  })
  .meta({ id: 'ModelName' })
export type ModelName = z.infer<typeof ModelName>

/** `PARTIAL`: files are missing or have a wrong size, or a stopped download left bytes. */
export const ModelStatus = z
  .enum(['DOWNLOADED', 'DOWNLOADING', 'NOT_FOUND', 'PARTIAL'])
  .meta({ id: 'ModelStatus' })
export type ModelStatus = z.infer<typeof ModelStatus>

export const ModelProgress = z
  .object({
    /** null while it waits for its first start. */
    start_time: isoTime.nullable(),
    elapsed_seconds: z.number().min(0),
    received_bytes: count,
    total_bytes: count.nullable(),
    percent: z.number().min(0).max(100).nullable(),
    bytes_per_second: z.number().min(0),
    eta_seconds: z.number().min(0).nullable(),
    files_done: count,
    files_total: count.nullable(),
  })
  .meta({ id: 'ModelProgress' })
export type ModelProgress = z.infer<typeof ModelProgress>

/** One revision of a repository, as it is on this machine. */
export const ModelEntry = z
  .object({
    model: ModelName,
    status: ModelStatus,
    /** Of the job that is at work on it, or that stopped before its end. */
    progress: ModelProgress.nullable(),
    error_message: z.string().nullable(),
    /** The job that is at work on it, or that stopped before its end. */
    download_id: z.string().nullable(),
    repo_type: z.enum(['model', 'dataset', 'space']),
    /** Branches and tags that stand for it in the cache. */
    refs: z.array(z.string()),
    /** Folder of its files; null when there is none. */
    path: z.string().nullable(),
    /** Bytes of its files, shared ones included, each counted once. */
    size_bytes: count,
    files: count,
    /** What the whole revision has by its listing; null where no listing is known. */
    total_bytes: count.nullable(),
    files_total: count.nullable(),
    /** Files of the listing that are not there, or have another size. */
    files_missing: count,
    /** What sizes and names were compared with: the listing in the cache, the Hub, or nothing. */
    checked_against: z.enum(['listing', 'hub']).nullable(),
    /** Bytes of unfinished files. */
    staged_bytes: count,
    last_modified: isoTime.nullable(),
  })
  .meta({ id: 'ModelEntry', examples: [EXAMPLES.entry] })
export type ModelEntry = z.infer<typeof ModelEntry>

/** One repository folder of the cache, all its revisions together. */
export const ModelRepo = z
  .object({
    hf_repo: z.string(),
    repo_type: ModelEntry.shape.repo_type,
    /** Bytes of the files of all revisions, each blob counted once. */
    size_bytes: count,
    files: count,
    /** Bytes of unfinished files, whoever is at work on them. */
    staged_bytes: count,
    last_accessed: isoTime.nullable(),
    last_modified: isoTime.nullable(),
  })
  .meta({ id: 'ModelRepo' })
export type ModelRepo = z.infer<typeof ModelRepo>

export const ModelList = z
  .object({
    models: z.array(ModelEntry),
    repos: z.array(ModelRepo),
    /** Bytes of all repositories; what several of them share is counted once. */
    size_bytes: count,
    /** What in the cache is not as it should be. */
    warnings: z.array(z.string()),
  })
  .meta({ id: 'ModelList', examples: [EXAMPLES.list] })
export type ModelList = z.infer<typeof ModelList>

export const ModelTask = z
  .object({ task_id: z.string(), status: z.literal('DOWNLOADING') })
  .meta({ id: 'ModelTask', examples: [EXAMPLES.task] })
export type ModelTask = z.infer<typeof ModelTask>

/** Nothing to do: the model is there. */
export const ModelReady = z
  .object({
    /** The job that brought it; null when another program did. */
    task_id: z.string().nullable(),
    status: z.literal('DOWNLOADED'),
    path: z.string(),
  })
  .meta({ id: 'ModelReady', examples: [EXAMPLES.ready] })
export type ModelReady = z.infer<typeof ModelReady>

export const ModelPaused = z
  .object({ task_id: z.string(), status: z.literal('paused') })
  .meta({ id: 'ModelPaused', examples: [EXAMPLES.paused] })

export const ModelResumed = z
  .object({ task_id: z.string() })
  .meta({ id: 'ModelResumed', examples: [EXAMPLES.resumed] })

export const ModelCancelled = z
  .object({ task_id: z.string(), status: z.literal('cancelled'), receipt: CancelReceipt })
  .meta({ id: 'ModelCancelled', examples: [EXAMPLES.cancelled] })
export type ModelCancelled = z.infer<typeof ModelCancelled>

export const ModelDeletion = z
  .strictObject({
    hf_repo: hfRepo,
    hf_commit: hfCommit.nullish(),
    /** Only says what would go. */
    dry_run: z.boolean().optional(),
  })
  .meta({ id: 'ModelDeletion', examples: [{ hf_repo: 'org/name', hf_commit: 'v1.0' }] })
export type ModelDeletion = z.infer<typeof ModelDeletion>

/** `cancelled` when a download of it was at work, or stopped half-way, and was cancelled first. */
export const ModelDeleted = z
  .object({
    status: z.enum(['deleted', 'cancelled']),
    /** `hf_commit` is null for the whole repository. */
    model: ModelName,
    dry_run: z.boolean(),
    /** What was removed; of a dry run what would be. */
    receipt: CancelReceipt,
  })
  .meta({ id: 'ModelDeleted', examples: [EXAMPLES.deleted] })
export type ModelDeleted = z.infer<typeof ModelDeleted>

export const ActiveModels = z
  .object({
    downloads: z.array(
      z.object({
        download_id: z.string(),
        model: ModelName,
        state: DownloadState,
        progress: ModelProgress,
        error_message: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'ActiveModels', examples: [EXAMPLES.active] })
export type ActiveModels = z.infer<typeof ActiveModels>

/** What a stream of one task tells: where it is. */
export const ModelTaskProgress = z
  .object({
    task_id: z.string(),
    state: DownloadState,
    progress: ModelProgress,
    error_message: z.string().nullable(),
  })
  .meta({ id: 'ModelTaskProgress', examples: [EXAMPLES.progress] })
export type ModelTaskProgress = z.infer<typeof ModelTaskProgress>

export const ModelSpace = z
  .object({
    /** Bytes of all files in the cache; what is linked twice is counted once. */
    cache_size_bytes: count,
    /** Bytes that may still be written there. */
    available_bytes: count,
    cache_path: z.string(),
  })
  .meta({ id: 'ModelSpace', examples: [EXAMPLES.space] })
export type ModelSpace = z.infer<typeof ModelSpace>

export const VerifyRequest = z
  .strictObject({
    hf_repo: hfRepo,
    hf_commit: hfCommit.nullish(),
    /** Fetch what is damaged again, and nothing else. */
    repair: z.boolean().optional(),
  })
  .meta({ id: 'VerifyRequest', examples: [{ hf_repo: 'org/name', repair: true }] })
export type VerifyRequest = z.infer<typeof VerifyRequest>

export const VerifyProgress = z
  .object({
    phase: z.enum(['checking', 'repairing']),
    files_done: count,
    files_total: count,
    bytes_done: count,
    bytes_total: count,
  })
  .meta({ id: 'VerifyProgress' })
export type VerifyProgress = z.infer<typeof VerifyProgress>

export const DamagedFile = z
  .object({
    path: z.string(),
    /** `size`: not as long as it should be; `digest`: other bytes; `unreadable`: the disk or an earlier repair has none. */
    problem: z.enum(['size', 'digest', 'unreadable']),
    size_bytes: count,
    algorithm: z.enum(['sha256', 'git-sha1']),
    expected: z.string(),
    actual: z.string().nullable(),
  })
  .meta({ id: 'DamagedFile' })
export type DamagedFile = z.infer<typeof DamagedFile>

export const VerifyReport = z
  .object({
    model: ModelName,
    status: z.enum(['VERIFIED', 'DAMAGED', 'REPAIRED']),
    /** Where the digests came from. */
    checked_against: z.enum(['listing', 'hub']),
    /** Why the Hub was not asked, or did not answer. */
    hub_error: z.enum(ERROR_CODE_NAMES).nullable(),
    files_checked: count,
    bytes_checked: count,
    damaged: z.array(DamagedFile),
    /** Files of the revision that are not on this machine, which is no damage. */
    missing: z.array(z.string()),
    /** The job that fetched what was damaged. */
    repair: z.object({ task_id: z.string(), files: count, bytes: count }).nullable(),
    elapsed_seconds: z.number().min(0),
  })
  .meta({ id: 'VerifyReport', examples: [EXAMPLES.verified] })
export type VerifyReport = z.infer<typeof VerifyReport>

export const PruneRequest = z
  .strictObject({ dry_run: z.boolean().optional() })
  .meta({ id: 'PruneRequest', examples: [{ dry_run: true }] })
export type PruneRequest = z.infer<typeof PruneRequest>

/**
 * `revision`: no branch or tag stands for it, and nobody asked for it by its commit; `blob`: no
 * revision has it; `incomplete`: another program left it half-fetched; `staging`: a download of
 * ours that is over left it; `damaged`: set aside by a repair.
 */
export const PruneItem = z
  .object({
    kind: z.enum(['revision', 'blob', 'incomplete', 'staging', 'damaged']),
    hf_repo: z.string(),
    name: z.string(),
    bytes: count,
  })
  .meta({ id: 'PruneItem' })
export type PruneItem = z.infer<typeof PruneItem>

export const PruneReport = z
  .object({
    dry_run: z.boolean(),
    items: z.array(PruneItem),
    /** What was removed; of a dry run what would be. */
    receipt: CancelReceipt,
  })
  .meta({ id: 'PruneReport', examples: [EXAMPLES.pruned] })
export type PruneReport = z.infer<typeof PruneReport>
