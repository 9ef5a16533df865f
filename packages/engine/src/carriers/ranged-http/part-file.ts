import { createHash } from 'node:crypto'
import { type FileHandle, lstat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncDirectory } from '../../disk/durable-rename.ts'
import { isSystemError } from '../../disk/system-error.ts'
import { WindlassError } from '../../errors/windlass-error.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { StagedFile } from '../../stores/store.ts'
import {
  addRange,
  type ByteRanges,
  contiguousBytes,
  countBytes,
  missingRanges,
} from './byte-ranges.ts'
import { Checkpointer } from './checkpointer.ts'
import { Journal } from './journal.ts'
import type { JournalRecord } from './journal-record.ts'
import { openPart } from './open-part.ts'
import { type Recovery, recoverRanges } from './recover-ranges.ts'
import { writeFully } from './write-fully.ts'

/** A file up to this size has no journal while all goes well: losing it costs no more than one request. */
const UNJOURNALED_BYTES = 1024 * 1024
/** What may be on disk without a record, for each connection at work; see {@link BufferPool}. */
const UNRECORDED_BYTES = 256 * 1024
/** Bytes of a slow line are recorded at once; those of a quick one share a record. */
const RECORD_MS = 100
/** After these the system kept what was written before; any other failure makes that doubtful. */
const HARMLESS_WRITE_ERRORS = ['ENOSPC', 'EDQUOT', 'EFBIG']

export interface PartFileOptions {
  readonly staged: StagedFile
  readonly identity: string
  readonly sizeBytes: number | null
  readonly bootId: string | null
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Runs a sync when it is its turn. */
  readonly syncTurn: <T>(sync: () => Promise<T>) => Promise<T>
  /** Called whenever bytes are on disk and recorded, and when they are given up. */
  readonly onBytes: (state: { readonly received: number; readonly contiguous: number }) => void
}

/**
 * The unfinished bytes of one file: written at their positions by any number of
 * connections, and recorded so that no crash makes us believe in bytes that are not there.
 *
 * Order of every step: data, then the record of it; for a durable record also a sync in
 * between. Bytes are given up the other way round: first the record, then the data.
 */
export class PartFile {
  readonly #options: PartFileOptions
  readonly #handle: FileHandle
  readonly #identity: string
  readonly #checkpointer: Checkpointer
  #journal: Journal | null
  #sizeBytes: number | null
  #written: ByteRanges
  #durable: ByteRanges
  #connections = 0
  /** All that was ever written, and what of it was recorded since. */
  #writes = { bytes: 0, recordedBytes: 0 }
  #recordedMs = -Infinity
  #recordIsOld: boolean = false
  #recording: Promise<void> | null = null
  #doubtful: boolean = false
  /** The folder that names both files is on the disk. */
  #isNamed = false
  #failure: { readonly error: unknown } | null = null

  private constructor(
    options: PartFileOptions,
    opened: {
      readonly handle: FileHandle
      readonly journal: Journal | null
      readonly identity: string
      readonly recovery: Recovery
    },
  ) {
    this.#options = options
    this.#handle = opened.handle
    this.#journal = opened.journal
    this.#identity = opened.identity
    this.#sizeBytes = options.sizeBytes
    this.#written = opened.recovery.written
    this.#durable = opened.recovery.durable
    this.#checkpointer = new Checkpointer({
      clock: options.clock,
      checkpoint: (started) => this.#checkpoint(started),
    })
  }

  /**
   * Opens what is there and takes up what may be continued. `lost` tells that recorded
   * bytes have disappeared. Failures of the file system pass through.
   */
  static async open(
    options: PartFileOptions,
  ): Promise<{ readonly part: PartFile; readonly lost: boolean }> {
    const { staged, sizeBytes, bootId } = options
    const identity = createHash('sha256').update(options.identity).digest('hex')
    const { handle, foundBytes } = await openPart(staged.partPath)
    let journal: Journal | null = null
    try {
      const create = sizeBytes === null || sizeBytes > UNJOURNALED_BYTES
      journal = await Journal.open(staged.journalPath, { create })
      const found = journal?.found ?? { written: null, durable: null }
      const recovery = recoverRanges({ found, identity, sizeBytes, bootId, partBytes: foundBytes })
      const part = new PartFile(options, { handle, journal, identity, recovery })
      await part.#takeUp(recovery, foundBytes ?? 0)
      return { part, lost: recovery.partLost }
    } catch (error) {
      await Promise.allSettled([handle.close(), journal?.close()])
      throw error
    }
  }

  get sizeBytes(): number | null {
    return this.#sizeBytes
  }

  get receivedBytes(): number {
    return countBytes(this.#written)
  }

  get isComplete(): boolean {
    return this.#sizeBytes !== null && contiguousBytes(this.#written) >= this.#sizeBytes
  }

  /** What is not there; up to `Number.MAX_SAFE_INTEGER` when nobody knows the size. */
  missing(): ByteRanges {
    return missingRanges(this.#written, this.#sizeBytes ?? Number.MAX_SAFE_INTEGER)
  }

  /** What writing failed with first: no connection can do better then. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure
  }

  /** Tells the size of a file that had none before. */
  learnSize(sizeBytes: number): void {
    this.#sizeBytes ??= sizeBytes
  }

  /**
   * A connection is at work: a little more may be on disk without a record.
   * @returns to be called when it ends; settles when no more is unrecorded than may be
   */
  join(): () => Promise<void> {
    this.#connections += 1
    return async () => {
      this.#connections -= 1
      if (this.#unrecordedBytes > 0 && this.#isRecordDue()) await this.#tell()
    }
  }

  /**
   * Writes `buffers` at `position`. The journal names them when this settles or a little
   * later. What could be written before a failure counts, too.
   */
  async write(position: number, buffers: readonly Buffer[], bytes: number): Promise<void> {
    try {
      await this.#write(position, buffers, bytes)
    } catch (error) {
      this.#failure ??= { error }
      throw error
    }
  }

  async #write(position: number, buffers: readonly Buffer[], bytes: number): Promise<void> {
    const failure = await writeFully(this.#handle, buffers, position)
    if (failure !== null && !isSystemError(failure.error, ...HARMLESS_WRITE_ERRORS))
      await this.#rollBack()
    if (!this.#doubtful) {
      const writtenBytes = failure === null ? bytes : failure.writtenBytes
      this.#written = addRange(this.#written, { start: position, end: position + writtenBytes })
      this.#writes.bytes += writtenBytes
    }
    if (failure !== null || this.#isRecordDue()) await this.#tell()
    if (failure !== null) throw failure.error
    await this.#checkpointer.wrote(bytes)
  }

  /** Gives up every byte, durably, before others take their place. */
  async restart(): Promise<void> {
    await this.#recording
    await this.#checkpointer.settle({ all: false })
    this.#written = []
    this.#durable = []
    this.#writes.recordedBytes = this.#writes.bytes
    await this.#journal?.erase()
    await this.#handle.truncate(0)
    this.#announce()
  }

  /**
   * Makes sure that the complete file still is where it was made.
   * @throws WindlassError PARTIAL_LOST when somebody removed or replaced it
   */
  async confirm(): Promise<void> {
    const { partPath } = this.#options.staged
    const ours = await this.#handle.stat()
    const there = await lstat(partPath).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    const same = there?.ino === ours.ino && there.dev === ours.dev
    if (same && ours.size === this.#sizeBytes) return
    throw new WindlassError('PARTIAL_LOST', { detail: partPath })
  }

  /**
   * Closes the files, with everything recorded that is there; `durably` syncs it, too.
   * Both files are closed even when that fails.
   */
  async close(options: { readonly durably: boolean }): Promise<void> {
    try {
      await (this.#unrecordedBytes > 0 ? this.#tell() : this.#recording)
      if (this.#journal === null && !this.isComplete && this.#written.length > 0) {
        this.#journal = await Journal.open(this.#options.staged.journalPath, { create: true })
        await this.#record()
      }
      await this.#checkpointer.settle({ all: options.durably })
    } finally {
      await this.#journal?.close()
      await this.#handle.close()
    }
  }

  async #takeUp(recovery: Recovery, foundBytes: number): Promise<void> {
    if (recovery.journalLies) await this.#journal?.erase()
    const end = recovery.written.at(-1)?.end ?? 0
    if (recovery.journalLies && end > 0) {
      await this.#journal?.write('durable', this.#recordOf(this.#durable))
      await this.#journal?.sync()
      await this.#record()
    }
    if (end === 0 && foundBytes > 0) await this.#handle.truncate(0)
    else if (this.#sizeBytes !== null && foundBytes > this.#sizeBytes) {
      await this.#handle.truncate(this.#sizeBytes)
    }
    this.#announce()
  }

  get #unrecordedBytes(): number {
    return this.#writes.bytes - this.#writes.recordedBytes
  }

  #isRecordDue(): boolean {
    const elapsedMs = this.#options.clock.monotonicMs() - this.#recordedMs
    return this.#unrecordedBytes >= this.#connections * UNRECORDED_BYTES || elapsedMs >= RECORD_MS
  }

  /** Records what is written, and says so. */
  async #tell(): Promise<void> {
    await this.#record()
    this.#announce()
  }

  /** One record at a time; batches that finish meanwhile share the next one. */
  #record(): Promise<void> {
    this.#recordIsOld = true
    this.#recording ??= this.#writeRecords().finally(() => {
      this.#recording = null
    })
    return this.#recording
  }

  async #writeRecords(): Promise<void> {
    while (this.#recordIsOld) {
      this.#recordIsOld = false
      const { bytes } = this.#writes
      this.#recordedMs = this.#options.clock.monotonicMs()
      await this.#journal?.write('written', this.#recordOf(this.#written))
      this.#writes.recordedBytes = bytes
    }
  }

  async #checkpoint(started: () => void): Promise<void> {
    await this.#options.syncTurn(async () => {
      started()
      const covered = this.#written
      try {
        await this.#handle.datasync()
        await this.#nameDurably()
      } catch (error) {
        // After a failed sync the system forgets which pages were not written: asking
        // again would succeed and prove nothing.
        await this.#rollBack()
        throw error
      }
      if (this.#doubtful) return
      await this.#journal?.write('durable', this.#recordOf(covered))
      await this.#journal?.sync()
      this.#durable = covered
    })
  }

  /** Bytes that a power cut leaves without a name are as good as lost. */
  async #nameDurably(): Promise<void> {
    if (this.#isNamed) return
    await syncDirectory(dirname(this.#options.staged.partPath))
    this.#isNamed = true
  }

  /** Believes in nothing but synced bytes any more. */
  async #rollBack(): Promise<void> {
    this.#doubtful = true
    this.#written = this.#durable
    this.#options.onBytes({ received: 0, contiguous: 0 })
    this.#announce()
    try {
      // Both slots, so that no older record can claim more.
      await this.#record()
      await this.#record()
    } catch {
      // The disk is failing and its first error is being thrown; the digest decides in the end.
    }
  }

  #recordOf(ranges: ByteRanges): JournalRecord {
    return {
      identity: this.#identity,
      sizeBytes: this.#sizeBytes,
      bootId: this.#options.bootId,
      ranges,
    }
  }

  #announce(): void {
    this.#options.onBytes({
      received: countBytes(this.#written),
      contiguous: contiguousBytes(this.#written),
    })
  }
}
