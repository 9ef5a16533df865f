import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A folder of one test, handed to `afterwards` for removal. Its path is short enough for a socket. */
export async function temporaryFolder(
  afterwards: (remove: () => Promise<void>) => void,
): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'wl-'))
  afterwards(() => rm(folder, { recursive: true, force: true }))
  return folder
}
