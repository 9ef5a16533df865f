import type { RemoteFile } from '../sources/source.ts'
import type { TransferUnit } from '../stores/store.ts'

/**
 * Joins files with the same digest and size into one unit, so that shared bytes
 * travel once. Largest first: a long file begun last would keep the others waiting.
 */
export function groupUnits(files: readonly RemoteFile[]): TransferUnit[] {
  const units = new Map<string, { key: string; file: RemoteFile; paths: string[] }>()
  for (const file of files) {
    const key = file.digest === null ? `path:${file.path}` : file.digest.hex
    const unit = units.get(key)
    if (unit === undefined) units.set(key, { key, file, paths: [file.path] })
    else unit.paths.push(file.path)
  }
  return [...units.values()].sort((a, b) => (b.file.sizeBytes ?? 0) - (a.file.sizeBytes ?? 0))
}
