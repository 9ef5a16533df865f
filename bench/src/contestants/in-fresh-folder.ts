import { mkdtemp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Does `work` in a folder that nobody has used, and leaves neither it nor its unwritten bytes. */
export async function inFreshFolder<T>(
  parent: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(parent, 'run-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    await settle(parent)
  }
}

/** What the file system still has to do for one contestant must not slow down the next. */
async function settle(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
