const WINDOW_MS = 5_000
const STEP_MS = 250

/** Bytes per second over the last 5 s; falls to 0 when nothing moves. */
export class SpeedMeter {
  readonly #samples: { atMs: number; totalBytes: number }[] = []
  #totalBytes = 0

  /** Notes bytes that arrived at a monotonic time. */
  add(bytes: number, nowMs: number): void {
    const last = this.#samples.at(-1)
    if (last === undefined) this.#samples.push({ atMs: nowMs, totalBytes: this.#totalBytes })
    else if (nowMs - last.atMs >= STEP_MS) {
      this.#samples.push({ atMs: nowMs, totalBytes: this.#totalBytes })
    }
    this.#totalBytes += bytes
    this.#drop(nowMs)
  }

  bytesPerSecond(nowMs: number): number {
    this.#drop(nowMs)
    const first = this.#samples[0]
    if (first === undefined) return 0
    const spanMs = Math.max(nowMs - first.atMs, STEP_MS)
    return ((this.#totalBytes - first.totalBytes) * 1000) / spanMs
  }

  #drop(nowMs: number): void {
    while ((this.#samples[0]?.atMs ?? nowMs) < nowMs - WINDOW_MS) this.#samples.shift()
  }
}
