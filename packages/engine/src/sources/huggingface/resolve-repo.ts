import { z } from 'zod'
import { WindlassError } from '../../errors/windlass-error.ts'
import { requireContainedPath, requireHoldablePath } from '../../selection/safe-path.ts'
import { isCommit } from '../../stores/hub-cache/is-commit.ts'
import type { HubTreeFile } from '../../stores/placement.ts'
import type { Notice, RemoteFile, Resolution } from '../source.ts'
import { fetchHubTree } from './fetch-hub-tree.ts'
import { fetchHubJson, type HubCall } from './hub-call.ts'
import { DEFAULT_REVISION, type HubRef, isHubRepoId } from './hub-ref.ts'
import { selectLocation } from './select-location.ts'

const RepoInfo = z.object({
  id: z.string().optional(),
  sha: z.string().refine(isCommit),
  disabled: z.boolean().nullish(),
})

/**
 * Pins the revision to its commit, lists the whole repository there, and picks what the
 * ref stands for.
 * @param platform decides which names can be held
 */
export async function resolveRepo(
  ref: HubRef,
  call: HubCall,
  platform: NodeJS.Platform,
): Promise<Resolution> {
  const fetchJson = <T>(url: URL, schema: z.ZodType<T>) => fetchHubJson(url, schema, call)
  const { data: info } = await fetchJson(call.addresses.info(ref, ref.revision), RepoInfo)
  if (info.disabled === true) throw new WindlassError('REPO_DISABLED', { detail: ref.repoId })
  const renamed = info.id !== undefined && info.id !== ref.repoId && isHubRepoId(info.id)
  const current = renamed ? { ...ref, repoId: info.id ?? ref.repoId } : ref
  const tree = await fetchHubTree(call.addresses.tree(current, info.sha), call.addresses, fetchJson)
  for (const file of tree) requireContainedPath(file.path)
  const selected = selectLocation(tree, ref)
  for (const file of selected) requireHoldablePath(file.path, platform)
  return {
    title: titleOf(ref),
    revision: info.sha,
    files: selected.map(remoteFile),
    placement: {
      store: 'hub-cache',
      repoType: ref.repoType,
      repoId: ref.repoId,
      commit: info.sha,
      refName: ref.revision === info.sha ? null : ref.revision,
      tree,
    },
    notices: renamed ? [renameNotice(ref, current)] : [],
  }
}

function remoteFile(entry: HubTreeFile): RemoteFile {
  return {
    path: entry.path,
    sizeBytes: entry.sizeBytes,
    digest: entry.lfs
      ? { algorithm: 'sha256', hex: entry.lfs.sha256 }
      : { algorithm: 'git-sha1', hex: entry.blobId },
    validator: null,
  }
}

/** What a person would type: the parts that go without saying are left out. */
function titleOf({ repoType, repoId, revision, path, quantization }: HubRef): string {
  const kind = repoType === 'model' ? '' : `${repoType}s/`
  const pinned = revision === DEFAULT_REVISION ? '' : `@${revision}`
  const part = path === null ? '' : `/${path}`
  const quant = quantization === null ? '' : `:${quantization}`
  return `${kind}${repoId}${pinned}${part}${quant}`
}

function renameNotice(ref: HubRef, current: HubRef): Notice {
  return {
    code: 'REPO_RENAMED',
    message: `${ref.repoId} is called ${current.repoId} now; its files are kept under the name you used`,
  }
}
