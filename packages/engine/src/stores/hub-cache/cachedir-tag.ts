import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isSystemError } from '../../disk/system-error.ts'
import type { Logger } from '../../ports.ts'

/** Byte for byte what `huggingface_hub` writes. */
export const CACHEDIR_TAG = [
  'Signature: 8a477f597d28d172789f06886806bc55',
  '# This file is a cache directory tag created by huggingface_hub.',
  '# For information about cache directory tags, see:',
  '#\thttps://bford.info/cachedir/',
  '',
].join('\n')

/** Tells backup programs to leave the cache out. A courtesy: what goes wrong stops nothing. */
export async function tagCacheDir(cacheDir: string, log: Pick<Logger, 'debug'>): Promise<void> {
  try {
    await writeFile(join(cacheDir, 'CACHEDIR.TAG'), CACHEDIR_TAG, { flag: 'wx' })
  } catch (error) {
    if (!isSystemError(error)) throw error
    if (error.code !== 'EEXIST') log.debug({ err: error }, 'could not write CACHEDIR.TAG')
  }
}
