/** A clock that stands still until a test moves it; has the shape of the engine's `Clock`. */
export interface ManualClock {
  now(): number
  monotonicMs(): number
  sleep(ms: number, options: { readonly signal: AbortSignal }): Promise<void>
  every(ms: number, tick: () => void): () => void
  /** Lets so much time pass: sleepers wake and ticks happen in order, each at its own time. */
  advance(ms: number): Promise<void>
  /** The wall clock jumps, as when the machine's time is set; nothing wakes by it. */
  jumpTo(epochMs: number): void
  /** How many sleeps and repeating ticks are waiting. */
  readonly waiting: number
  /** Resolves as soon as at least so many are waiting, so that a test knows when to advance. */
  untilWaiting(count: number): Promise<void>
}

interface Timer {
  readonly dueMs: number
  readonly fire: () => void
}

/** Starts at the given wall-clock time; the monotonic time starts at 0. */
export function manualClock(epochMs = Date.UTC(2026, 0, 2, 3, 4, 5)): ManualClock {
  let wallOffset = epochMs
  let elapsed = 0
  const timers = new Set<Timer>()
  const watchers = new Set<() => void>()
  const add = (ms: number, fire: () => void): Timer => {
    const timer = { dueMs: elapsed + Math.max(0, ms), fire }
    timers.add(timer)
    for (const watch of watchers) watch()
    return timer
  }
  return {
    now: () => wallOffset + elapsed,
    monotonicMs: () => elapsed,
    sleep: (ms, { signal }) => sleepUntilFired(signal, (fire) => add(ms, fire), timers),
    every: (ms, tick) => repeat(ms, tick, add, timers),
    async advance(ms) {
      const end = elapsed + ms
      for (let next = earliest(timers, end); next; next = earliest(timers, end)) {
        elapsed = next.dueMs
        timers.delete(next)
        next.fire()
        await settle()
      }
      elapsed = end
      await settle()
    },
    jumpTo(newEpochMs) {
      wallOffset = newEpochMs - elapsed
    },
    get waiting() {
      return timers.size
    },
    untilWaiting: (count) => untilCount(count, timers, watchers),
  }
}

function sleepUntilFired(
  signal: AbortSignal,
  add: (fire: () => void) => Timer,
  timers: Set<Timer>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // The engine's sleep rejects with whatever reason the signal carries.
    if (signal.aborted) return reject(signal.reason)
    const timer = add(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
    const onAbort = (): void => {
      timers.delete(timer)
      reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

function repeat(
  ms: number,
  tick: () => void,
  add: (ms: number, fire: () => void) => Timer,
  timers: Set<Timer>,
): () => void {
  // A pause of nothing would never let time reach its end.
  const pauseMs = Math.max(1, ms)
  let stopped = false
  const again = (): void => {
    if (stopped) return
    timer = add(pauseMs, again)
    tick()
  }
  let timer = add(pauseMs, again)
  return () => {
    stopped = true
    timers.delete(timer)
  }
}

function earliest(timers: Set<Timer>, end: number): Timer | undefined {
  let first: Timer | undefined
  for (const timer of timers) {
    if (timer.dueMs <= end && (first === undefined || timer.dueMs < first.dueMs)) first = timer
  }
  return first
}

/** Lets everything that waits for a promise, not for the disk or the network, go on. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

function untilCount(
  count: number,
  timers: ReadonlySet<Timer>,
  watchers: Set<() => void>,
): Promise<void> {
  return new Promise((resolve) => {
    const watch = (): void => {
      if (timers.size < count) return
      watchers.delete(watch)
      resolve()
    }
    watchers.add(watch)
    watch()
  })
}
