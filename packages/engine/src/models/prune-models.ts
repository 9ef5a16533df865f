import { lstat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { PruneReport } from '@windlass/contract'
import { orNullIfAbsent } from '../disk/system-error.ts'
import { removeIfEmpty } from '../stores/hub-cache/staging.ts'
import { isOfRepo, jobsIn, revisionOf, unfinishedJobs } from './model-jobs.ts'
import type { ModelsDeps } from './models-deps.ts'
import { type PruneDeps, pruneCache } from './prune-cache.ts'
import { removalFolder } from './removal-bin.ts'
import { removeRevisions } from './remove-revisions.ts'
import { repoFolders, scanCache } from './scan-cache.ts'

/** Prunes a cache by what the list of downloads says is wanted. */
export async function pruneModels(
  { environment, records, clock }: ModelsDeps,
  { dryRun, isMended }: Pick<PruneDeps, 'isMended'> & { readonly dryRun: boolean },
): Promise<PruneReport> {
  const cacheDir = resolve(environment.cacheDir)
  const unfinished = await unfinishedJobs(records)
  // Whoever named a commit meant that commit, which no branch will ever stand for.
  const pinned = (await jobsIn(records, ['completed'])).filter(
    ({ ref, record }) => ref.revision === record.revision,
  )
  const wanted = [...unfinished, ...pinned]
  const deps: PruneDeps = {
    cacheDir,
    now: clock.now(),
    isMended,
    isWanted: (repo, commit) =>
      wanted.some((job) => isOfRepo(job, repo) && revisionOf(job) === commit),
    async isOver(id) {
      const record = await records.find(id)
      const isSettled = record?.state === 'completed' || record?.state === 'cancelled'
      return isSettled && !record.cleanupPending
    },
  }
  if (!dryRun) await finishRemovals(cacheDir)
  return await pruneCache(await scanCache(cacheDir), deps, { dryRun })
}

/** Finishes the removals that a crash cut off. */
export async function finishRemovals(cacheDir: string): Promise<void> {
  const { folders } = await repoFolders(cacheDir)
  const begun = await Promise.all(
    folders.map(async ({ layout }) =>
      (await orNullIfAbsent(lstat(layout.windlass))) === null ? [] : [layout],
    ),
  )
  for (const layout of begun.flat()) {
    const isCutOff = (await orNullIfAbsent(lstat(removalFolder(layout)))) !== null
    if (isCutOff) await removeRevisions(layout, [])
    // Made for a removal that did not get any further.
    else await removeIfEmpty(layout.windlass)
  }
}
