import type { Download, ModelEntry, ModelList, ModelRepo } from '@windlass/contract'
import type { HubTreeFile } from '../stores/placement.ts'
import { judgeRevision, type RevisionVerdict } from './judge-revision.ts'
import { HELD_STATES, MOVING_STATES, modelProgress } from './model-jobs.ts'
import { modelName, repoName } from './model-name.ts'
import type { ScannedCache } from './scan-cache.ts'
import type { ScannedFile, ScannedRepo, ScannedRevision } from './scan-repo.ts'

/** What is known of one revision, from the cache and from the list of downloads. */
export interface RevisionFacts {
  readonly repo: Pick<ScannedRepo, 'repoType' | 'repoId' | 'layout'>
  /** The commit, or what was asked for while that is not known. */
  readonly name: string | null
  readonly revision: Pick<ScannedRevision, 'refs' | 'files'>
  readonly tree: {
    readonly files: readonly HubTreeFile[]
    readonly from: 'listing' | 'hub'
  } | null
  /** What is at work on it, or stopped before its end. */
  readonly job: Download | null
  readonly stagedBytes: number
}

/** One revision in the words of the model routes. */
export function describeModel(facts: RevisionFacts): ModelEntry {
  const { repo, name, revision, tree, job, stagedBytes } = facts
  const verdict = judgeRevision(revision, tree?.files ?? null)
  const status = statusOf(facts, verdict)
  const shown = status === 'DOWNLOADED' ? null : job
  return {
    model: modelName(repo, name),
    status,
    progress: shown === null ? null : modelProgress(shown),
    error_message: errorOf(status, verdict, shown),
    download_id: shown?.id ?? null,
    repo_type: repo.repoType,
    refs: [...revision.refs],
    path: revision.files === null || name === null ? null : repo.layout.snapshot(name),
    size_bytes: verdict.sizeBytes,
    files: verdict.files,
    total_bytes: verdict.totalBytes,
    files_total: verdict.filesTotal,
    files_missing: verdict.filesMissing,
    checked_against: tree?.from ?? null,
    staged_bytes: stagedBytes,
    last_modified: latest([...(revision.files?.values() ?? [])], 'mtimeMs'),
  }
}

/** A repository with everything below it. */
export function describeRepo(repo: ScannedRepo): ModelRepo {
  const files = filesOf(repo)
  return {
    hf_repo: repoName(repo),
    repo_type: repo.repoType,
    size_bytes: files.reduce((sum, { stats }) => sum + (stats?.size ?? 0), 0),
    files: files.length,
    staged_bytes: [...repo.staged.values()].reduce((sum, bytes) => sum + bytes, 0),
    last_accessed: latest(files, 'atimeMs'),
    last_modified: latest(files, 'mtimeMs'),
  }
}

/** Bytes of a cache; a payload that several repositories link to is one. */
export function physicalBytes({ repos }: ScannedCache): number {
  const sizes = new Map<string, number>()
  for (const { stats } of repos.flatMap(filesOf)) {
    if (stats !== null) sizes.set(`${stats.dev} ${stats.ino}`, stats.size)
  }
  return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0)
}

/** What makes a reader stumble: links and refs that lead nowhere. */
export function warningsOf({ repos, warnings }: ScannedCache): ModelList['warnings'] {
  const found = repos.flatMap((repo) =>
    repo.revisions.flatMap(({ commit, refs, files }) => {
      if (files === null) return [`${repoName(repo)}: ${refs.join(', ')} without files (${commit})`]
      const broken = [...files.values()].filter(({ stats }) => stats === null).length
      if (broken === 0) return []
      return [`${repoName(repo)}: links of ${commit} that lead nowhere: ${broken}`]
    }),
  )
  return [...warnings, ...found]
}

function statusOf(
  { revision, job, tree, stagedBytes }: RevisionFacts,
  verdict: RevisionVerdict,
): ModelEntry['status'] {
  const state = job?.state
  if (state !== undefined && MOVING_STATES.includes(state)) return 'DOWNLOADING'
  if (verdict.isWhole) return 'DOWNLOADED'
  const isBegun = state !== undefined && HELD_STATES.includes(state)
  const isThere = revision.files !== null || revision.refs.length > 0 || tree?.from === 'listing'
  return isBegun || isThere || stagedBytes > 0 ? 'PARTIAL' : 'NOT_FOUND'
}

function errorOf(
  status: ModelEntry['status'],
  { filesMissing, filesTotal }: RevisionVerdict,
  download: Download | null,
): string | null {
  if (download?.reason !== undefined) return download.reason.message
  if (status !== 'PARTIAL' || download !== null) return null
  return filesTotal === null
    ? 'Files are missing'
    : `${filesMissing} of ${filesTotal} files are missing or have a wrong size`
}

/** One for each blob. */
function filesOf({ revisions }: Pick<ScannedRepo, 'revisions'>): readonly ScannedFile[] {
  const byBlob = new Map<string, ScannedFile>()
  for (const { files } of revisions) {
    for (const file of files?.values() ?? []) byBlob.set(file.blob, file)
  }
  return [...byBlob.values()]
}

function latest(files: readonly ScannedFile[], time: 'atimeMs' | 'mtimeMs'): string | null {
  const times = files.flatMap(({ stats }) => (stats === null ? [] : [stats[time]]))
  const last = times.reduce((a, b) => Math.max(a, b), 0)
  return times.length === 0 ? null : new Date(last).toISOString()
}
