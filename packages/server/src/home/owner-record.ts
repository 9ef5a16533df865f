import { readFile, rm } from 'node:fs/promises'
import { parseJson } from '@windlass/contract'
import { z } from 'zod'
import { writePrivateFile } from './write-private-file.ts'

/** Who owns a home, for messages and for people; the lock itself is on the database. */
export const OwnerRecord = z.object({
  pid: z.int().positive(),
  /** Epoch milliseconds. */
  startedAt: z.number(),
  version: z.string(),
  /** Address of the server; null when the owner listens on the socket of the home only. */
  url: z.string().nullable(),
})
export type OwnerRecord = z.infer<typeof OwnerRecord>

export async function writeOwnerRecord(file: string, record: OwnerRecord): Promise<void> {
  await writePrivateFile(file, `${JSON.stringify(record, null, 2)}\n`)
}

export async function removeOwnerRecord(file: string): Promise<void> {
  await rm(file, { force: true })
}

/**
 * The record of a process that still lives; null when there is none, it cannot be
 * read, or its process has gone (killed, and the record left behind).
 */
export async function readOwnerRecord(file: string): Promise<OwnerRecord | null> {
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text === null) return null
  const record = OwnerRecord.safeParse(parseJson(text))
  return record.success && isAlive(record.data.pid) ? record.data : null
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
