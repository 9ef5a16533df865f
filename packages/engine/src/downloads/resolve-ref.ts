import { WindlassError } from '../errors/windlass-error.ts'
import { selectFiles } from '../selection/select-files.ts'
import type { SourceRegistry } from '../sources/registry.ts'
import type { CallOptions, Notice, SourceRef } from '../sources/source.ts'
import type { Selection, StoredResolution } from './download-record.ts'

/**
 * Asks the source what a ref stands for, and keeps the files that are wanted.
 * @throws WindlassError NOTHING_SELECTED, and whatever the source reports
 */
export async function resolveRef(
  sources: SourceRegistry,
  request: { readonly ref: SourceRef; readonly selection: Selection },
  options: CallOptions,
): Promise<{ readonly resolution: StoredResolution; readonly notices: readonly Notice[] }> {
  const source = sources.get(request.ref.source)
  const { title, revision, files, placement, notices } = await source.resolve(request.ref, options)
  const { include, exclude } = request.selection
  const selected = selectFiles(files, {
    include: include ?? undefined,
    exclude: exclude ?? undefined,
  })
  if (selected.length === 0 && files.length > 0) {
    throw new WindlassError('NOTHING_SELECTED', {
      detail: `${title} has ${files.length} files, none of them selected`,
    })
  }
  return { resolution: { title, revision, files: selected, placement }, notices }
}
