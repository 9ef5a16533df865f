import { basename, resolve } from 'node:path'
import type { CancelReceipt, ModelDeleted } from '@windlass/contract'
import { isWindlassError, WindlassError } from '../errors/windlass-error.ts'
import { findRepo, findRevision } from './find-revision.ts'
import { readBlobs } from './incomplete-blobs.ts'
import { isOfRepo, type ModelJob, revisionOf, unfinishedJobs } from './model-jobs.ts'
import { type ModelId, modelName, repoName } from './model-name.ts'
import type { ModelsDeps } from './models-deps.ts'
import { onlyIn } from './only-in.ts'
import { removeRepo, removeRevisions, sumOf } from './remove-revisions.ts'
import type { ScannedRepo } from './scan-repo.ts'

/**
 * Removes a revision, or the repository when none is named: first what is on its way there, then
 * what is there.
 * @throws WindlassError MODEL_NOT_FOUND
 */
export async function removeModel(
  model: ModelId,
  deps: ModelsDeps,
  { dryRun }: { readonly dryRun: boolean },
): Promise<ModelDeleted> {
  const cacheDir = resolve(deps.environment.cacheDir)
  const before = await findRepo(model, cacheDir)
  const commit = commitOf(before, model)
  const jobs = (await unfinishedJobs(deps.records)).filter((job) => isMeant(job, model, commit))
  const isThere = model.revision === null ? isAnything(before) : commit !== null
  if (!isThere && jobs.length === 0) {
    throw new WindlassError('MODEL_NOT_FOUND', { detail: describe(model) })
  }
  const going = model.revision === null ? null : (commit ?? model.revision)
  const receipt = dryRun
    ? await expected(before, going, jobs)
    : await carryOut(model, commit, jobs, deps)
  const wasAtWork = jobs.some(({ record }) => record.state !== 'failed')
  return {
    status: wasAtWork ? 'cancelled' : 'deleted',
    model: modelName(model, going),
    dry_run: dryRun,
    receipt,
  }
}

async function carryOut(
  model: ModelId,
  commit: string | null,
  jobs: readonly ModelJob[],
  deps: ModelsDeps,
): Promise<CancelReceipt> {
  const receipts: CancelReceipt[] = []
  for (const { record } of jobs) receipts.push(await cancel(record.id, deps))
  const repo = await findRepo(model, resolve(deps.environment.cacheDir))
  const now = deps.clock.now()
  if (model.revision === null) receipts.push(await removeWhole(repo, now))
  else if (commit !== null) receipts.push(await removeOne(repo, commit, now))
  return sumOf(receipts)
}

/** What a removal would free, if nobody else comes or goes meanwhile. */
async function expected(
  repo: ScannedRepo,
  commit: string | null,
  jobs: readonly ModelJob[],
): Promise<CancelReceipt> {
  const isLast = repo.revisions.length === 1 && repo.revisions[0]?.commit === commit
  const isWhole = commit === null || isLast
  const staged = jobs.flatMap(({ record }) => repo.staged.get(record.id) ?? [])
  const parts = staged.filter((bytes) => bytes > 0).map((bytes) => ({ files: 1, bytes }))
  const own = onlyIn(repo, (revision) => isWhole || revision.commit === commit)
  if (!isWhole) return sumOf([own, ...parts])
  const { whole, incomplete } = await readBlobs(repo.layout)
  const linked = new Set(
    repo.revisions.flatMap(({ files }) =>
      [...(files?.values() ?? [])].map(({ blob }) => basename(blob)),
    ),
  )
  const loose = whole.filter(({ name }) => !linked.has(name))
  const rest = [...loose, ...incomplete].map(({ bytes }) => ({ files: 1, bytes }))
  return sumOf([own, ...parts, ...rest])
}

function removeWhole({ layout, revisions }: ScannedRepo, now: number): Promise<CancelReceipt> {
  return removeRepo(layout, { commits: revisions.map(({ commit }) => commit), now })
}

async function removeOne(repo: ScannedRepo, commit: string, now: number): Promise<CancelReceipt> {
  const { layout, revisions } = repo
  if (!revisions.some((revision) => revision.commit === commit)) return { files: 0, bytes: 0 }
  // The client, too, lets a repository go with its last revision.
  if (revisions.length === 1) return await removeWhole(repo, now)
  return await removeRevisions(layout, [commit])
}

function commitOf(repo: ScannedRepo, { revision }: ModelId): string | null {
  return revision === null ? null : (findRevision(repo, revision)?.commit ?? null)
}

function isMeant(job: ModelJob, model: ModelId, commit: string | null): boolean {
  if (!isOfRepo(job, model)) return false
  if (model.revision === null) return true
  return job.ref.revision === model.revision || revisionOf(job) === (commit ?? model.revision)
}

function isAnything({ revisions, staged }: ScannedRepo): boolean {
  return revisions.length > 0 || staged.size > 0
}

async function cancel(id: string, { downloads }: ModelsDeps): Promise<CancelReceipt> {
  try {
    return (await downloads.cancel(id)).receipt
  } catch (error) {
    // It came to its end meanwhile: then what it brought is removed with the rest.
    const isOver =
      isWindlassError(error, 'INVALID_STATE') || isWindlassError(error, 'DOWNLOAD_NOT_FOUND')
    if (isOver) return { files: 0, bytes: 0 }
    throw error
  }
}

function describe(model: ModelId): string {
  return model.revision === null ? repoName(model) : `${repoName(model)} at ${model.revision}`
}
