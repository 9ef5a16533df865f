import { appendFile, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { orNullIfAbsent } from '../../disk/system-error.ts'
import { isContainedPath } from '../../selection/safe-path.ts'
import { isCommit } from './is-commit.ts'
import { isBlobName } from './layout.ts'

const FILE_NAME = 'manifest'

const blob = z.string().refine(isBlobName)
const commit = z.string().refine(isCommit)
const path = z.string().refine(isContainedPath)

/** One thing in the cache that a download made, or found and counts on. */
const Entry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('blob'), name: blob }),
  /** A link in a snapshot. */
  z.object({ kind: z.literal('link'), commit, path, blob }),
  /** The bytes themselves in a snapshot, where there are no links. */
  z.object({ kind: z.literal('file'), commit, path, sizeBytes: z.int() }),
  z.object({ kind: z.literal('tree'), commit }),
])
export type ManifestEntry = z.infer<typeof Entry>

const Line = z.object({ op: z.enum(['made', 'uses']), entry: Entry })

/** Two entries mean the same thing exactly when their keys are equal. */
export function entryKey(entry: ManifestEntry): string {
  if (entry.kind === 'blob') return `blob ${entry.name}`
  if (entry.kind === 'tree') return `tree ${entry.commit}`
  return `path ${entry.commit}/${entry.path}`
}

export interface ManifestContent {
  readonly made: ReadonlyMap<string, ManifestEntry>
  /** Keys of everything that is made or used. */
  readonly mentioned: ReadonlySet<string>
}

/**
 * What a download did to the cache, in its staging folder: written before it is
 * done, so that a clean-up after a kill at any moment finds all of it. Not synced:
 * a process that dies loses nothing of it, and a power cut costs a leftover at most.
 */
export class Manifest {
  readonly path: string
  /** Lines that go into the file together, when those before them are there. */
  #next: { readonly lines: string[]; readonly written: Promise<void> } | null = null
  #last: Promise<void> = Promise.resolve()

  constructor(stagingFolder: string) {
    this.path = join(stagingFolder, FILE_NAME)
  }

  /** Ends a line that a kill left half-written, so that the next one stands alone. */
  async mend(): Promise<void> {
    const handle = await open(this.path, 'a+', 0o600)
    try {
      const { size } = await handle.stat()
      if (size === 0) return
      const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
      if (buffer.toString() !== '\n') await handle.appendFile('\n')
    } finally {
      await handle.close()
    }
  }

  /** Returns when the entries are in the file, whatever else was appended with them. */
  async append(op: 'made' | 'uses', entries: readonly ManifestEntry[]): Promise<void> {
    if (entries.length === 0) return
    this.#next ??= this.#startNext()
    this.#next.lines.push(...entries.map((entry) => `${JSON.stringify({ op, entry })}\n`))
    await this.#next.written
  }

  #startNext(): { readonly lines: string[]; readonly written: Promise<void> } {
    const lines: string[] = []
    const written = this.#last.then(() => {
      this.#next = null
      return appendFile(this.path, lines.join(''))
    })
    // Its failure belongs to those who wait for it, not to those who come after.
    this.#last = written.catch(() => undefined)
    return { lines, written }
  }

  /**
   * Empty when there is none. A line that a kill cut short is left out: what it
   * announced was not begun. So is one that we would not have written.
   */
  async read(): Promise<ManifestContent> {
    const text = (await orNullIfAbsent(readFile(this.path, 'utf8'))) ?? ''
    const made = new Map<string, ManifestEntry>()
    const mentioned = new Set<string>()
    for (const each of text.split('\n')) {
      const line = parseLine(each)
      if (line === null) continue
      const key = entryKey(line.entry)
      mentioned.add(key)
      if (line.op === 'made') made.set(key, line.entry)
    }
    return { made, mentioned }
  }
}

function parseLine(text: string): z.infer<typeof Line> | null {
  if (!text.endsWith('}')) return null
  try {
    return Line.safeParse(JSON.parse(text)).data ?? null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
