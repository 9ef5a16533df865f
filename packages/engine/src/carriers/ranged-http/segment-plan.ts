import { addRange, type ByteRanges, clipRanges, countBytes } from './byte-ranges.ts'

const MIB = 1024 * 1024
/** Small enough that hashing, which follows the bytes from the start, is never far behind. */
const SMALLEST_STEP = 4 * MIB
const LARGEST_STEP = 64 * MIB
/** For a connection that nobody knows yet. */
const FIRST_STEP = 16 * MIB
/** A connection comes back for its next segment about this often: a request costs it a round trip. */
const STEP_MS = 3_000
/** A segment at the frontier that needs longer than this is shared with a quicker connection. */
const LAGGING_MS = 5_000
/** At the end of a file, bytes that need longer than this are shared with an idle connection. */
const WORTH_SPLITTING_MS = 1_000
const SMALLEST_SPLIT = 512 * 1024
/** A connection that brought nothing for so long has its bytes fetched by another. */
const STALLED_MS = 5_000
/** Younger segments say nothing about the pace of their connection. */
const TELLING_MS = 50

/** A half-open range of bytes in flight on one connection. */
export interface Segment {
  /** The first byte that did not arrive yet. */
  readonly position: number
  /** Moves down when another connection takes over the rest, and up when free bytes follow. */
  readonly end: number
  /** Called after `end` moved down. */
  onCut: (() => void) | null
}

interface ActiveSegment extends Segment {
  position: number
  end: number
  readonly start: number
  readonly sinceMs: number
  movedMs: number
}

export interface SegmentPlanOptions {
  /** What is not on disk. Ends at `Number.MAX_SAFE_INTEGER` when nobody knows the size. */
  readonly missing: ByteRanges
  readonly monotonicMs: () => number
}

/**
 * Hands out the missing bytes of one file to its connections, those nearest the start
 * first. Every missing byte is in exactly one place: free, or in one segment.
 */
export class SegmentPlan {
  readonly #now: () => number
  readonly #active = new Set<ActiveSegment>()
  #free: ByteRanges
  #arrivedBytes = 0

  constructor(options: SegmentPlanOptions) {
    this.#free = options.missing
    this.#now = options.monotonicMs
  }

  /** Bytes that arrived under this plan. */
  get arrivedBytes(): number {
    return this.#arrivedBytes
  }

  /** Bytes that did not arrive yet, in flight or not. */
  get missingBytes(): number {
    let bytes = countBytes(this.#free)
    for (const { position, end } of this.#active) bytes += end - position
    return bytes
  }

  /** The bytes that nobody fetches, and those in flight: for tests and checks. */
  get outstanding(): { readonly free: ByteRanges; readonly active: readonly Segment[] } {
    return { free: this.#free, active: [...this.#active] }
  }

  /**
   * The next segment for a connection, null when there is nothing that it could bring
   * sooner than those at work.
   */
  take(options: {
    /** No other connection will want a share: take all that is missing in a row. */
    readonly isAlone: boolean
    /** What it achieved so far; null for a new one, which is taken for an average one. */
    readonly bytesPerMs: number | null
  }): Segment | null {
    const pace = options.bytesPerMs ?? this.#meanPace()
    this.#relieveFrontier(pace)
    if (this.#free.length === 0) this.#relieveSlowest(pace)
    const next = this.#free[0]
    if (next === undefined) return null
    const { start } = next
    const step = options.isAlone ? Infinity : this.#step(pace)
    // A small rest is not worth a request of its own.
    const end = next.end - start <= step + SMALLEST_STEP / 2 ? next.end : start + step
    const now = this.#now()
    const segment = { start, position: start, end, sinceMs: now, movedMs: now, onCut: null }
    this.#active.add(segment)
    this.#removeFree(end)
    return segment
  }

  /** Bytes of the segment arrived, in order. */
  arrived(segment: Segment, bytes: number): void {
    const active = this.#own(segment)
    active.position += bytes
    active.movedMs = this.#now()
    this.#arrivedBytes += bytes
  }

  /** Lengthens a segment by free bytes behind it. False when there are none. */
  extend(segment: Segment): boolean {
    const active = this.#own(segment)
    const next = this.#free[0]
    if (next === undefined || next.start !== active.end) return false
    const pace = this.#paceOf(active)
    const step = this.#active.size === 1 ? LARGEST_STEP : this.#step(pace)
    active.end = Math.min(next.end, active.end + step)
    this.#removeFree(active.end)
    return true
  }

  /**
   * Ends a segment; what did not arrive is free again.
   * @returns the pace of its connection, null when it was too short to tell
   */
  release(segment: Segment): number | null {
    const active = this.#own(segment)
    const pace = this.#paceOf(active)
    this.#active.delete(active)
    this.#free = addRange(this.#free, { start: active.position, end: active.end })
    return pace
  }

  /** The end of the file is known. */
  learnSize(sizeBytes: number): void {
    this.#free = clipRanges(this.#free, sizeBytes)
    for (const active of this.#active) {
      active.end = Math.max(active.position, Math.min(active.end, sizeBytes))
    }
  }

  /** The only segment begins anew and spans the whole file. */
  restart(segment: Segment, sizeBytes: number | null): void {
    const active = this.#own(segment)
    if (this.#active.size > 1) throw new TypeError('other connections are at work')
    this.#free = []
    active.position = 0
    active.end = sizeBytes ?? Number.MAX_SAFE_INTEGER
  }

  #own(segment: Segment): ActiveSegment {
    for (const active of this.#active) if (active === segment) return active
    throw new TypeError('not a segment in flight')
  }

  #removeFree(end: number): void {
    this.#free = this.#free.flatMap((range) => {
      if (range.end <= end) return []
      return range.start >= end ? [range] : [{ start: end, end: range.end }]
    })
  }

  /** Never so much that the last segments would keep a few connections busy and the others idle. */
  #step(pace: number | null): number {
    const share = countBytes(this.#free) / (2 * Math.max(1, this.#active.size))
    const wanted = pace === null ? FIRST_STEP : pace * STEP_MS
    return Math.ceil(Math.max(SMALLEST_STEP, Math.min(LARGEST_STEP, wanted, share)))
  }

  /** Frees the rest of a segment that holds the frontier much longer than the asker would. */
  #relieveFrontier(pace: number | null): void {
    const first = [...this.#active].toSorted((a, b) => a.position - b.position)[0]
    if (first === undefined || (this.#free[0]?.start ?? Infinity) < first.position) return
    const leftMs = this.#msLeft(first)
    const byAskerMs = pace === null ? 0 : (first.end - first.position) / pace
    const isLate = leftMs > LAGGING_MS && leftMs > 3 * byAskerMs
    if (isLate && (pace !== null || this.#isStalled(first))) this.#share(first, pace)
  }

  #relieveSlowest(pace: number | null): void {
    const [slowest] = [...this.#active].toSorted((a, b) => this.#msLeft(b) - this.#msLeft(a))
    if (slowest === undefined) return
    const left = slowest.end - slowest.position
    const step = this.#step(this.#paceOf(slowest))
    // A connection that worked alone may hold the whole rest of the file.
    if (left > 2 * step) this.#cut(slowest, slowest.position + step)
    else if (this.#msLeft(slowest) > WORTH_SPLITTING_MS) this.#share(slowest, pace)
  }

  /** Leaves a segment as much as its connection brings while the asker brings the rest. */
  #share(segment: ActiveSegment, pace: number | null): void {
    const left = segment.end - segment.position
    const own = this.#paceOf(segment) ?? 0
    const kept = this.#isStalled(segment) ? 0 : (left * own) / (own + (pace ?? own) || 1)
    if (left - kept < SMALLEST_SPLIT && kept > 0) return
    this.#cut(segment, segment.position + Math.floor(kept))
  }

  #cut(segment: ActiveSegment, end: number): void {
    this.#free = addRange(this.#free, { start: end, end: segment.end })
    segment.end = end
    segment.onCut?.()
  }

  #isStalled(segment: ActiveSegment): boolean {
    return this.#now() - segment.movedMs > STALLED_MS
  }

  #msLeft(segment: ActiveSegment): number {
    if (this.#isStalled(segment)) return Infinity
    const pace = this.#paceOf(segment)
    // One that has just begun is none of those to help.
    return pace === null ? 0 : (segment.end - segment.position) / pace
  }

  #paceOf(segment: ActiveSegment): number | null {
    const elapsedMs = this.#now() - segment.sinceMs
    // Connecting and waiting for the answer is no pace.
    if (elapsedMs < TELLING_MS || segment.position === segment.start) return null
    return (segment.position - segment.start) / elapsedMs
  }

  #meanPace(): number | null {
    const paces = [...this.#active].map((one) => this.#paceOf(one)).filter((one) => one !== null)
    if (paces.length === 0) return null
    return paces.reduce((sum, pace) => sum + pace, 0) / paces.length
  }
}
