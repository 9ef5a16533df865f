import { spawn } from 'node:child_process'
import { mkdtemp, open, rm, statfs, symlink } from 'node:fs/promises'
import path from 'node:path'
import { formatBytes } from '../render/quantities.ts'
import { bad, type Finding, ok, warn } from './finding.ts'
import { existingFolder, isWritable } from './folders.ts'

const NAME = 'Cache'
const LITTLE_BYTES = 10e9

/** The Hugging Face cache: may we write there, how much room is there, what its file system can do. */
export async function checkCache(cacheDir: string): Promise<Finding[]> {
  const place = await existingFolder(cacheDir)
  if (!(await isWritable(place))) {
    return [
      bad(
        NAME,
        `${place} is not writable`,
        'Give this user the right to write there, or set HF_HUB_CACHE.',
      ),
    ]
  }
  const folder = ok(NAME, place === cacheDir ? cacheDir : `${cacheDir}, made at the first download`)
  const probe = await mkdtemp(path.join(place, '.windlass-doctor-'))
  try {
    return [folder, await checkSpace(place), await checkSymlinks(probe), await checkFlock(probe)]
  } finally {
    await rm(probe, { recursive: true, force: true })
  }
}

async function checkSpace(place: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(place)
  const free = bavail * bsize
  const text = `${formatBytes(free)} free on the cache's volume`
  if (free >= LITTLE_BYTES) return ok('Space', text)
  return warn(
    'Space',
    text,
    'Models are large: free some space, or set HF_HUB_CACHE to another volume.',
  )
}

async function checkSymlinks(probe: string): Promise<Finding> {
  try {
    await symlink('target', path.join(probe, 'link'))
    return ok('Symlinks', 'work')
  } catch {
    // Whatever the reason: files are then put in place whole, as the Python client does.
    return warn(
      'Symlinks',
      'do not work on this volume',
      'Files that repositories share will take their space twice.',
    )
  }
}

async function checkFlock(probe: string): Promise<Finding> {
  const handle = await open(path.join(probe, 'lock'), 'w')
  try {
    const locked = await runFlock(handle.fd)
    if (locked) return ok('Locks', 'work, shared with the Python client')
    return warn(
      'Locks',
      'cannot be shared with the Python client',
      'Install util-linux (the `flock` program), and do not let both fetch the same file at once.',
    )
  } finally {
    await handle.close()
  }
}

function runFlock(fd: number): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('flock', ['-x', '-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] })
    child.once('error', () => resolve(false))
    child.once('exit', (code) => resolve(code === 0))
  })
}
