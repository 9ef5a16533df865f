import { WindlassError } from '../../errors/windlass-error.ts'
import type { HubTreeFile } from '../../stores/placement.ts'
import type { HubRef } from './hub-ref.ts'
import { selectQuantization } from './select-quantization.ts'

/**
 * The files of a repository that a ref stands for: all, one quantisation, a folder, or
 * one file.
 * @throws WindlassError HTTP_NOT_FOUND, NOTHING_SELECTED
 */
export function selectLocation(tree: readonly HubTreeFile[], ref: HubRef): readonly HubTreeFile[] {
  const { path, quantization, repoId } = ref
  if (quantization !== null) return selectQuantization(tree, quantization, repoId)
  if (path === null) return tree
  const file = tree.find((entry) => entry.path === path)
  if (file !== undefined) return [file]
  const folder = path.endsWith('/') ? path : `${path}/`
  const below = tree.filter((entry) => entry.path.startsWith(folder))
  if (below.length > 0) return below
  throw new WindlassError('HTTP_NOT_FOUND', {
    detail: `${ref.repoType} ${repoId} has no ${path} at ${ref.revision}`,
  })
}
