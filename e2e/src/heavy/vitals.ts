import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'

/** What a process takes up, as the system sees it. */
export interface Footprint {
  readonly residentBytes: number
  readonly sockets: number
  /** Every other descriptor: files, folders, pipes, what the runtime needs. */
  readonly files: number
  readonly threads: number
}

/** What the process says of itself every 5 s, through the probe. */
export interface InnerVitals {
  readonly pid: number
  /** On the clock of that process. */
  readonly atMs: number
  /** How late the event loop was since the sample before: 99 of 100 times at most. */
  readonly delayP99Ms: number
  readonly delayMostMs: number
  /** Memory that is in use right after a garbage collection. */
  readonly liveBytes: number
}

/** Environment that loads the probe into a program and has it write to `file`. */
export function probeEnv(file: string): Record<string, string> {
  const probe = join(import.meta.dirname, 'vitals-probe.ts')
  return { NODE_OPTIONS: `--import=${probe}`, WINDLASS_TEST_VITALS: file }
}

/** Reads all that processes wrote through their probes; nothing when none has. */
export async function readInnerVitals(file: string): Promise<readonly InnerVitals[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const lines = text.split('\n').filter((line) => line.endsWith('}'))
  // Only the probe writes there, and it writes whole lines.
  return lines.map((line) => JSON.parse(line) as InnerVitals)
}

/** Looks at a running process through `/proc` (Linux). */
export async function footprintOf(pid: number): Promise<Footprint> {
  const [status, descriptors] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    descriptorsOf(pid),
  ])
  const sockets = descriptors.filter((target) => target.startsWith('socket:')).length
  return {
    residentBytes: numberIn(status, 'VmRSS') * 1024,
    sockets,
    files: descriptors.length - sockets,
    threads: numberIn(status, 'Threads'),
  }
}

/** What each open descriptor stands for. */
async function descriptorsOf(pid: number): Promise<readonly string[]> {
  const folder = `/proc/${pid}/fd`
  const targets = (await readdir(folder)).map(async (name) => {
    // One that was closed since stands for nothing.
    const target = await readlink(join(folder, name)).catch(() => null)
    return target === null ? [] : [target]
  })
  return (await Promise.all(targets)).flat()
}

function numberIn(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN)
}
