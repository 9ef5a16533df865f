const WINDOW_MS = 5000

/** Speed of one file over the last 5 s, from samples of the bytes it has. */
export class SpeedWindow {
  #samples: { readonly at: number; readonly bytes: number }[] = []

  add(at: number, bytes: number): void {
    const last = this.#samples.at(-1)
    // A file that began again has fewer bytes than before: what was is no speed.
    if (last !== undefined && bytes < last.bytes) this.#samples = []
    this.#samples = this.#samples.filter((sample) => at - sample.at <= WINDOW_MS)
    this.#samples.push({ at, bytes })
  }

  /** 0 when nothing moved for the length of the window. */
  bytesPerSecond(now: number): number {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined || now - last.at > WINDOW_MS) return 0
    const seconds = (Math.max(now, last.at) - first.at) / 1000
    return seconds <= 0 ? 0 : (last.bytes - first.bytes) / seconds
  }
}
