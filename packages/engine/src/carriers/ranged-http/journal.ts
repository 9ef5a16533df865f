import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { decodeSlot, encodeSlot, type JournalRecord, SLOT_BYTES } from './journal-record.ts'
import { writeFully } from './write-fully.ts'

/**
 * `written` names bytes that were handed to the system: true after a crash of the
 * process, doubtful after a crash of the machine. `durable` names bytes that were synced.
 */
export type SlotKind = 'written' | 'durable'

const SLOTS_PER_KIND = 2
const FIRST_SLOT = { written: 0, durable: SLOTS_PER_KIND } as const
const JOURNAL_BYTES = 2 * SLOTS_PER_KIND * SLOT_BYTES

interface SlotState {
  /** Where the next record goes: never over the newest good one. */
  next: number
  sequence: number
}

/**
 * The record of which bytes of a part file are safe: a file of fixed size with two
 * alternating slots of each kind, so that a torn write leaves the record before it. All
 * of it is allocated when it is made: a full disk cannot stop a record.
 */
export class Journal {
  /** The newest good record of each kind at the time of opening. */
  readonly found: Readonly<Record<SlotKind, JournalRecord | null>>
  readonly #handle: FileHandle
  readonly #slots: Readonly<Record<SlotKind, SlotState>>

  private constructor(handle: FileHandle, content: Buffer) {
    const written = newest(content, 'written')
    const durable = newest(content, 'durable')
    this.#handle = handle
    this.#slots = { written: written.state, durable: durable.state }
    this.found = { written: written.record, durable: durable.record }
  }

  /**
   * Opens the journal; without `create` null when there is none. A symbolic link in its
   * place is refused. Failures of the file system pass through.
   */
  static async open(path: string, options: { readonly create: boolean }): Promise<Journal | null> {
    const handle = await openHandle(path, options.create)
    if (handle === null) return null
    try {
      const content = Buffer.alloc(JOURNAL_BYTES)
      const { bytesRead } = await handle.read(content, 0, JOURNAL_BYTES, 0)
      const missing = content.subarray(bytesRead)
      if (missing.length > 0) throwIfPartial(await writeFully(handle, [missing], bytesRead))
      return new Journal(handle, content)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Puts a record in the older slot of its kind. It is durable after {@link sync}. */
  async write(kind: SlotKind, record: JournalRecord): Promise<void> {
    const state = this.#slots[kind]
    const position = (FIRST_SLOT[kind] + state.next) * SLOT_BYTES
    const slot = encodeSlot(state.sequence + 1, record)
    throwIfPartial(await writeFully(this.#handle, [slot], position))
    state.sequence += 1
    state.next = (state.next + 1) % SLOTS_PER_KIND
  }

  sync(): Promise<void> {
    return this.#handle.datasync()
  }

  /** Forgets everything, durably: afterwards no old record can come back. */
  async erase(): Promise<void> {
    throwIfPartial(await writeFully(this.#handle, [Buffer.alloc(JOURNAL_BYTES)], 0))
    await this.sync()
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

async function openHandle(path: string, create: boolean): Promise<FileHandle | null> {
  const flags = constants.O_RDWR | constants.O_NOFOLLOW | (create ? constants.O_CREAT : 0)
  try {
    return await open(path, flags, 0o600)
  } catch (error) {
    if (!create && (error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function newest(
  content: Buffer,
  kind: SlotKind,
): { readonly record: JournalRecord | null; readonly state: SlotState } {
  let record: JournalRecord | null = null
  const state: SlotState = { next: 0, sequence: 0 }
  for (let index = 0; index < SLOTS_PER_KIND; index++) {
    const start = (FIRST_SLOT[kind] + index) * SLOT_BYTES
    const slot = decodeSlot(content.subarray(start, start + SLOT_BYTES))
    if (slot === null || slot.sequence <= state.sequence) continue
    record = slot.record
    state.sequence = slot.sequence
    state.next = (index + 1) % SLOTS_PER_KIND
  }
  return { record, state }
}

function throwIfPartial(outcome: Awaited<ReturnType<typeof writeFully>>): void {
  if (outcome !== null) throw outcome.error
}
