const TICK_MS = 100

/** One wait that may take too long. */
export interface Deadline {
  /** Something came: the time begins anew. */
  moved(): void
  stop(): void
}

interface Watched extends Deadline {
  ticksLeft: number
  hasMoved: boolean
  readonly ticks: number
  readonly expired: () => void
}

/**
 * The time limits of many connections on one coarse timer: none is ever too short, each at
 * most two ticks too long. Ticks are counted, so that a machine that slept has not waited.
 */
export class Deadlines {
  readonly #watched = new Set<Watched>()
  #timer: NodeJS.Timeout | null = null

  start(limitMs: number, expired: () => void): Deadline {
    const ticks = Math.ceil(limitMs / TICK_MS) + 1
    const watched: Watched = {
      ...{ ticks, ticksLeft: ticks, hasMoved: false, expired },
      moved() {
        watched.hasMoved = true
      },
      stop: () => this.#stop(watched),
    }
    this.#watched.add(watched)
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref()
    return watched
  }

  #stop(watched: Watched): void {
    this.#watched.delete(watched)
    if (this.#watched.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  #tick(): void {
    for (const watched of [...this.#watched]) {
      if (watched.hasMoved) {
        watched.hasMoved = false
        watched.ticksLeft = watched.ticks
      }
      watched.ticksLeft -= 1
      if (watched.ticksLeft > 0) continue
      this.#stop(watched)
      watched.expired()
    }
  }
}
