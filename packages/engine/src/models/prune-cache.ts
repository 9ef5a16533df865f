import { lstat, readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { CancelReceipt, PruneItem, PruneReport } from '@windlass/contract'
import { orNullIfAbsent } from '../disk/system-error.ts'
import { cleanUpDownload } from '../stores/hub-cache/clean-up.ts'
import { isSharedStore, XET_HASH } from '../stores/hub-cache/shared-blobs.ts'
import { isAtWork, readBlobs } from './incomplete-blobs.ts'
import { repoName } from './model-name.ts'
import { neededBlobs } from './needed-blobs.ts'
import { removeBlobs, removeRevisions, sumOf } from './remove-revisions.ts'
import type { ScannedCache } from './scan-cache.ts'
import type { ScannedRepo } from './scan-repo.ts'
import { measureSetAside, removeSetAside } from './set-aside.ts'
import { isUnreferenced, sweepSharedBlob } from './sweep-shared-blob.ts'

export interface PruneDeps {
  readonly cacheDir: string
  readonly now: number
  /** True for a revision that stays although no ref stands for it. */
  readonly isWanted: (repo: ScannedRepo, commit: string) => boolean
  /** True while a repair needs what is set aside. */
  readonly isMended: (repo: ScannedRepo) => boolean
  /** True for a download of ours that needs its staging folder no more. */
  readonly isOver: (downloadId: string) => Promise<boolean>
}

/** One thing that can go, and how. */
interface Removal extends PruneItem {
  readonly files: number
  run(): Promise<CancelReceipt>
}

/** Removes what nothing needs, repository by repository, or says what that would be. */
export async function pruneCache(
  cache: ScannedCache,
  deps: PruneDeps,
  { dryRun }: { readonly dryRun: boolean },
): Promise<PruneReport> {
  const items: PruneItem[] = []
  const receipts: CancelReceipt[] = []
  const carryOut = async (removals: readonly Removal[]): Promise<void> => {
    for (const removal of removals) {
      const { kind, hf_repo, name, bytes, files } = removal
      items.push({ kind, hf_repo, name, bytes })
      receipts.push(dryRun ? { files, bytes } : await removal.run())
    }
  }
  for (const repo of cache.repos) {
    await carryOut(await staleStaging(repo, deps))
    const detached = detachedRevisions(repo, deps)
    await carryOut(detached)
    await carryOut(await looseBlobs(repo, new Set(detached.map(({ name }) => name)), deps))
    if (!deps.isMended(repo)) await carryOut(await damagedBytes(repo))
  }
  await carryOut(await loosePayloads(deps.cacheDir))
  return { dry_run: dryRun, items, receipt: sumOf(receipts) }
}

function detachedRevisions(repo: ScannedRepo, deps: PruneDeps): Removal[] {
  const going = repo.revisions.filter(
    ({ commit, files, refs }) =>
      files !== null && refs.length === 0 && !deps.isWanted(repo, commit),
  )
  const counted = new Set<string>()
  for (const { commit, files } of repo.revisions) {
    if (going.some((revision) => revision.commit === commit)) continue
    for (const { blob } of files?.values() ?? []) counted.add(blob)
  }
  return going.map(({ commit, files }) => {
    const only = new Map<string, number>()
    for (const { blob, stats } of files?.values() ?? []) {
      if (!counted.has(blob)) only.set(blob, stats?.size ?? 0)
    }
    for (const blob of only.keys()) counted.add(blob)
    return {
      ...itemOf(repo, 'revision', commit),
      files: only.size,
      bytes: [...only.values()].reduce((sum, bytes) => sum + bytes, 0),
      run: () => removeRevisions(repo.layout, [commit]),
    }
  })
}

async function looseBlobs(
  repo: ScannedRepo,
  goneCommits: ReadonlySet<string>,
  { now }: PruneDeps,
): Promise<Removal[]> {
  const { layout } = repo
  const removals: Removal[] = []
  const { whole, incomplete } = await readBlobs(layout)
  const needed = await neededBlobs(layout)
  // Those that go with a revision are counted there, in a dry run too.
  const going = repo.revisions.filter(({ commit }) => goneCommits.has(commit))
  const counted = new Set(
    going.flatMap(({ files }) => [...(files?.values() ?? [])].map(({ blob }) => basename(blob))),
  )
  for (const blob of whole) {
    if (needed.has(blob.name) || counted.has(blob.name)) continue
    if (await isAtWork(layout, blob, now)) continue
    const run = () => removeBlobs(layout, [blob.name])
    removals.push({ ...itemOf(repo, 'blob', blob.name), files: 1, bytes: blob.bytes, run })
  }
  for (const blob of incomplete) {
    if (await isAtWork(layout, blob, now)) continue
    const run = async (): Promise<CancelReceipt> => {
      await rm(join(layout.blobs, blob.name), { force: true })
      return { files: 1, bytes: blob.bytes }
    }
    removals.push({ ...itemOf(repo, 'incomplete', blob.name), files: 1, bytes: blob.bytes, run })
  }
  return removals
}

/** What is of another home that shares the cache is left alone, however old it is. */
async function staleStaging(repo: ScannedRepo, { isOver }: PruneDeps): Promise<Removal[]> {
  const removals: Removal[] = []
  for (const [id, bytes] of repo.staged) {
    if (!(await isOver(id))) continue
    const run = () => cleanUpDownload(repo.layout, id, null)
    removals.push({ ...itemOf(repo, 'staging', id), files: bytes === 0 ? 0 : 1, bytes, run })
  }
  return removals
}

async function damagedBytes(repo: ScannedRepo): Promise<Removal[]> {
  const found = await measureSetAside(repo.layout)
  if (found.length === 0) return []
  const files = found.reduce((sum, one) => sum + one.files, 0)
  const bytes = found.reduce((sum, one) => sum + one.bytes, 0)
  const name = found.map(({ digest }) => digest).join(', ')
  const run = () => removeSetAside(repo.layout)
  return [{ ...itemOf(repo, 'damaged', name), files, bytes, run }]
}

/** Payloads of the shared store that no repository links to any more. */
async function loosePayloads(cacheDir: string): Promise<Removal[]> {
  const store = join(cacheDir, 'blobs')
  if (!(await isSharedStore(store))) return []
  const removals: Removal[] = []
  for (const prefix of await readdir(store)) {
    if (!/^[0-9a-f]{2}$/.test(prefix)) continue
    for (const name of await readdir(join(store, prefix))) {
      const payload = join(store, prefix, name)
      if (!XET_HASH.test(name) || !(await isUnreferenced(cacheDir, payload))) continue
      const bytes = (await orNullIfAbsent(lstat(payload)))?.size ?? 0
      const run = async (): Promise<CancelReceipt> => {
        const freed = await sweepSharedBlob(cacheDir, payload)
        return { files: freed === 0 ? 0 : 1, bytes: freed }
      }
      removals.push({ kind: 'blob', hf_repo: '', name, files: 1, bytes, run })
    }
  }
  return removals
}

function itemOf(
  repo: ScannedRepo,
  kind: PruneItem['kind'],
  name: string,
): Pick<PruneItem, 'kind' | 'hf_repo' | 'name'> {
  return { kind, hf_repo: repoName(repo), name }
}
