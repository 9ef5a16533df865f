import { stat } from 'node:fs/promises'
import { orNullIfAbsent } from '../disk/system-error.ts'
import { DEFAULT_REVISION } from '../sources/huggingface/hub-ref.ts'
import { isCommit } from '../stores/hub-cache/is-commit.ts'
import { HubCacheLayout } from '../stores/hub-cache/layout.ts'
import type { ModelId } from './model-name.ts'
import { type ScannedRepo, type ScannedRevision, scanRepo } from './scan-repo.ts'

/** The folder of a repository as it is now; it may be absent. */
export async function findRepo(model: ModelId, cacheDir: string): Promise<ScannedRepo> {
  const { repoType, repoId } = model
  const folder = { repoType, repoId, layout: new HubCacheLayout(cacheDir, model) }
  if ((await orNullIfAbsent(stat(folder.layout.repo)))?.isDirectory() !== true) {
    return { ...folder, revisions: [], staged: new Map() }
  }
  return await scanRepo(folder)
}

/**
 * What the cache has for a commit, branch or tag. For nothing in particular it is the default
 * branch, or the one revision that is there.
 */
export function findRevision(
  { revisions }: ScannedRepo,
  revision: string | null,
): ScannedRevision | null {
  const name = revision ?? DEFAULT_REVISION
  const found = isCommit(name)
    ? revisions.find(({ commit }) => commit === name)
    : revisions.find(({ refs }) => refs.includes(name))
  const [only, ...others] = revisions
  const isOnly = revision === null && only !== undefined && others.length === 0
  return found ?? (isOnly ? only : null)
}
