import { readdir } from 'node:fs/promises'
import { orNullIfAbsent } from '../../disk/system-error.ts'
import { WindlassError } from '../../errors/windlass-error.ts'

/**
 * Makes sure that a cache that was written to before is still there. An absent or empty
 * one is a volume that is not mounted: what is written now would land on the disk below.
 * @throws WindlassError VOLUME_GONE
 */
export async function requireRoot(cacheDir: string): Promise<void> {
  const names = await orNullIfAbsent(readdir(cacheDir))
  if (names !== null && names.length > 0) return
  throw new WindlassError('VOLUME_GONE', {
    detail: `${cacheDir} is ${names === null ? 'absent' : 'empty'}, and was written to before`,
    hint: 'Mount the volume again, then resume. If you removed the folder, cancel and start anew.',
  })
}
