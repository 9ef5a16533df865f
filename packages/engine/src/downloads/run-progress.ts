import type { DownloadFile, DownloadProgress } from '@windlass/contract'
import type { TransferUnit } from '../stores/store.ts'
import type { FileSnapshot, ProgressSnapshot } from './download-record.ts'
import { SpeedMeter } from './speed-meter.ts'

type FileState = DownloadFile['state']

interface UnitProgress {
  readonly unit: TransferUnit
  receivedBytes: number
  /** What the current attempt began with; null until it says so. */
  baseBytes: number | null
  state: FileState
  present: boolean
  /** Null where a digest was told, or the bytes were there before. */
  computedSha256: string | null
}

/** Live bytes and states of one run. Shared bytes count once. */
export class RunProgress {
  readonly #units = new Map<string, UnitProgress>()
  readonly #speed = new SpeedMeter()
  readonly #monotonicMs: () => number
  #totalBytes = 0
  #receivedBytes = 0
  #filesTotal = 0
  #firstGain: (() => void) | null = null
  #filesDone = 0
  /** Units that changed since they were last asked for. */
  readonly #changed = new Set<UnitProgress>()
  /** Units that still lack bytes. */
  #incomplete = 0

  constructor(units: readonly TransferUnit[], monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs
    for (const unit of units) {
      this.#totalBytes += unit.file.sizeBytes ?? 0
      this.#filesTotal += unit.paths.length
      this.#incomplete++
      this.#units.set(unit.key, {
        unit,
        receivedBytes: 0,
        baseBytes: null,
        state: 'pending',
        present: false,
        computedSha256: null,
      })
    }
  }

  /** An attempt begins: the first bytes it reports were there before it. */
  begin(unit: TransferUnit): void {
    this.#change(unit, (entry) => {
      entry.state = 'downloading'
      entry.baseBytes = null
    })
  }

  /** Bytes of the unit that are on disk now. */
  received(unit: TransferUnit, bytes: number): void {
    this.#change(unit, (entry) => {
      const gained = bytes - entry.receivedBytes
      this.#receivedBytes += gained
      entry.receivedBytes = bytes
      if (entry.baseBytes === null) entry.baseBytes = bytes
      else if (gained > 0) {
        this.#speed.add(gained, this.#monotonicMs())
        this.#tellGain()
      }
    })
  }

  enter(unit: TransferUnit, state: FileState): void {
    this.#change(unit, (entry) => {
      entry.state = state
    })
  }

  done(
    unit: TransferUnit,
    options: { readonly present: boolean; readonly computedSha256?: string | null },
  ): void {
    this.#change(unit, (entry) => {
      const sizeBytes = unit.file.sizeBytes ?? entry.receivedBytes
      this.#receivedBytes += sizeBytes - entry.receivedBytes
      entry.receivedBytes = sizeBytes
      entry.state = 'done'
      entry.present = options.present
      entry.computedSha256 = options.computedSha256 ?? null
    })
    this.#tellGain()
  }

  /** Bytes of a unit that is done, though nobody may have told its size before. */
  sizeOf(unit: TransferUnit): number {
    return unit.file.sizeBytes ?? this.#units.get(unit.key)?.receivedBytes ?? 0
  }

  /** By path: what was computed of files whose digest nobody told. */
  computedSha256(): Readonly<Record<string, string>> {
    const pairs = [...this.#units.values()].flatMap(({ unit, computedSha256 }) =>
      computedSha256 === null ? [] : unit.paths.map((path) => [path, computedSha256] as const),
    )
    return Object.fromEntries(pairs)
  }

  /** Calls back once, when the next byte arrives or the next file is done. */
  onFirstGain(tell: () => void): void {
    this.#firstGain = tell
  }

  /** Bytes gained since the current attempt of the unit began. */
  gainedBytes(unit: TransferUnit): number {
    const entry = this.#units.get(unit.key)
    if (entry === undefined || entry.baseBytes === null) return 0
    return Math.max(0, entry.receivedBytes - entry.baseBytes)
  }

  /** Every byte is on disk, though some may not be verified or published yet. */
  get allReceived(): boolean {
    return this.#incomplete === 0
  }

  get outstandingBytes(): number {
    return Math.max(0, this.#totalBytes - this.#receivedBytes)
  }

  snapshot(): ProgressSnapshot {
    return {
      receivedBytes: this.#receivedBytes,
      totalBytes: this.#totalBytes,
      filesDone: this.#filesDone,
      filesTotal: this.#filesTotal,
    }
  }

  bytesPerSecond(): number {
    return this.#speed.bytesPerSecond(this.#monotonicMs())
  }

  files(): FileSnapshot {
    return [...this.#units.values()].flatMap(filesOf)
  }

  /** Files that changed since the last call. */
  takeChanges(): FileSnapshot {
    const changed = [...this.#changed]
    this.#changed.clear()
    return changed.flatMap(filesOf)
  }

  #tellGain(): void {
    this.#firstGain?.()
    this.#firstGain = null
  }

  #change(unit: TransferUnit, apply: (entry: UnitProgress) => void): void {
    const entry = this.#units.get(unit.key)
    if (entry === undefined) throw new TypeError(`no such unit: ${unit.key}`)
    const before = entry.state
    apply(entry)
    this.#incomplete += Number(hasAllBytes(before)) - Number(hasAllBytes(entry.state))
    const becameDone = Number(entry.state === 'done') - Number(before === 'done')
    this.#filesDone += becameDone * unit.paths.length
    this.#changed.add(entry)
  }
}

function hasAllBytes(state: FileState): boolean {
  return state === 'verifying' || state === 'done'
}

function filesOf({ unit, receivedBytes, state, present }: UnitProgress): FileSnapshot[number][] {
  return unit.paths.map((path) => ({ path, receivedBytes, state, present }))
}

/** What the API tells about bytes, from a snapshot and a speed. */
export function progressOf(snapshot: ProgressSnapshot, bytesPerSecond: number): DownloadProgress {
  const { receivedBytes, totalBytes, filesDone, filesTotal } = snapshot
  const speed = Math.round(bytesPerSecond)
  const missing = totalBytes === null ? null : totalBytes - receivedBytes
  return {
    receivedBytes,
    totalBytes,
    percent: percentOf(snapshot),
    bytesPerSecond: speed,
    etaSeconds: missing === null || speed === 0 ? null : Math.ceil(missing / speed),
    filesDone,
    filesTotal,
  }
}

function percentOf({ receivedBytes, totalBytes, filesDone, filesTotal }: ProgressSnapshot) {
  if (totalBytes === null) return null
  if (totalBytes === 0) return filesDone === filesTotal ? 100 : 0
  return Math.min(100, Math.floor((receivedBytes / totalBytes) * 1000) / 10)
}
