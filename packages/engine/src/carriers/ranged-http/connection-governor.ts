const MIB = 1024 * 1024
/** One thread does not take in much more than this from any number of connections. */
const FAST_BYTES_PER_MS = (192 * MIB) / 1000
/**
 * How long the bytes of all connections must flow before another step up. A host that minds has said
 * so by then: its answer comes before the bytes do, and starts the time anew.
 */
const STEP_UP_MS = 100
/** What is there sooner than this is not worth another connection. */
const WORTH_ANOTHER_MS = 1_000
/** Long enough to see an even pace from a host that sends by the second. */
const JUDGE_MS = 3_000
/** A file that is there sooner than this is not worth the time that a trial may cost. */
const TRIAL_AFTER_MS = 15_000
/** More connections help when they bring this much more. */
const WORTHWHILE = 1.15
/** What was found out is tried again after so long: lines and hosts change. */
const SETTLED_MS = 60_000
const FIRST_HOLD_MS = 1_000
const LONGEST_HOLD_MS = 30_000

export interface GovernorOptions {
  /** Connections to begin with: what was found good at this host before. */
  readonly start: number
  readonly limit: number
  /** Whether fewer were found worse already. */
  readonly isTried: boolean
  readonly nowMs: number
}

export interface Observation {
  readonly nowMs: number
  /** Bytes that arrived so far, on all connections. */
  readonly arrivedBytes: number
  /** Bytes that did not arrive yet. */
  readonly missingBytes: number
  /** Connections that bring bytes. */
  readonly flowing: number
}

type Phase =
  /** More and more, until the limit, the full speed or a refusal. */
  | { readonly kind: 'growing' }
  /** Fewer than before, on trial: are they as quick? */
  | { readonly kind: 'trial'; readonly before: number; readonly paceBefore: number }
  | { readonly kind: 'settled'; readonly sinceMs: number }

/**
 * Decides over how many connections a file is fetched: doubles them while they are let
 * in, then takes half of them away as long as nothing gets slower by it.
 */
export class ConnectionGovernor {
  #target: number
  #limit: number
  #phase: Phase = { kind: 'growing' }
  #window: { sinceMs: number; arrivedBytes: number; flowing: number } | null = null
  #holdUntilMs = 0
  #failures = 0

  constructor({ start, limit, isTried, nowMs }: GovernorOptions) {
    if (isTried) this.#phase = { kind: 'settled', sinceMs: nowMs }
    this.#limit = Math.max(1, limit)
    this.#target = Math.min(Math.max(1, start), this.#limit)
  }

  /** How many connections there should be. */
  get target(): number {
    return this.#target
  }

  get limit(): number {
    return this.#limit
  }

  get isSettled(): boolean {
    return this.#phase.kind === 'settled'
  }

  /** Whether one connection is all that there will be for a while. */
  get isContentWithOne(): boolean {
    return this.#limit === 1 || (this.#target === 1 && this.isSettled)
  }

  /** Whether a lost connection may be replaced yet. */
  mayOpen(nowMs: number): boolean {
    return nowMs >= this.#holdUntilMs
  }

  /** Looks at the flow; called several times a second. */
  observe(seen: Observation): void {
    const window = this.#window
    if (window === null || window.flowing !== seen.flowing) {
      this.#open(seen)
      return
    }
    const elapsedMs = seen.nowMs - window.sinceMs
    const pace = (seen.arrivedBytes - window.arrivedBytes) / Math.max(1, elapsedMs)
    if (this.#phase.kind === 'growing') this.#grow(seen, pace, elapsedMs)
    else if (this.#phase.kind === 'trial') this.#judge(this.#phase, seen, pace, elapsedMs)
    else if (seen.nowMs - this.#phase.sinceMs > SETTLED_MS && this.#target < this.#limit) {
      this.#enter({ kind: 'growing' }, seen)
    }
  }

  /** A connection was not let in beside `working` others. */
  refused(working: number, nowMs: number): void {
    this.#limit = Math.max(1, working)
    this.#target = Math.min(this.#target, this.#limit)
    this.#phase = { kind: 'settled', sinceMs: nowMs }
    this.#window = null
  }

  /** A connection broke while it brought bytes: the next one waits, longer each time. */
  broke(nowMs: number): void {
    const holdMs = Math.min(LONGEST_HOLD_MS, FIRST_HOLD_MS * 2 ** this.#failures)
    this.#failures = Math.min(this.#failures + 1, 10)
    this.#holdUntilMs = nowMs + holdMs
    this.#window = null
  }

  #grow(seen: Observation, pace: number, elapsedMs: number): void {
    if (elapsedMs < STEP_UP_MS || seen.flowing === 0) return
    if (pace >= FAST_BYTES_PER_MS) this.#enter({ kind: 'settled', sinceMs: seen.nowMs }, seen)
    else if (seen.missingBytes < pace * WORTH_ANOTHER_MS) return
    else if (seen.flowing >= this.#target && this.#target < this.#limit) {
      this.#target = Math.min(this.#limit, this.#target * 2)
      this.#open(seen)
    } else if (elapsedMs >= TRIAL_AFTER_MS) {
      this.#failures = 0
      if (seen.flowing > 1) this.#try(seen, pace)
      else this.#enter({ kind: 'settled', sinceMs: seen.nowMs }, seen)
    }
  }

  /** Takes half of the connections away and remembers what all of them brought. */
  #try(seen: Observation, paceBefore: number): void {
    this.#enter({ kind: 'trial', before: seen.flowing, paceBefore }, seen)
    this.#target = Math.ceil(seen.flowing / 2)
  }

  #judge(
    trial: Extract<Phase, { readonly kind: 'trial' }>,
    seen: Observation,
    pace: number,
    elapsedMs: number,
  ): void {
    // Those that are to go finish their segments first.
    if (seen.flowing > this.#target) return
    if (elapsedMs < JUDGE_MS) return
    if (pace * WORTHWHILE < trial.paceBefore) {
      this.#target = Math.min(trial.before, this.#limit)
      this.#enter({ kind: 'settled', sinceMs: seen.nowMs }, seen)
    } else if (seen.flowing > 1) this.#try(seen, pace)
    else this.#enter({ kind: 'settled', sinceMs: seen.nowMs }, seen)
  }

  #enter(phase: Phase, seen: Observation): void {
    this.#phase = phase
    this.#open(seen)
  }

  #open({ nowMs, arrivedBytes, flowing }: Observation): void {
    this.#window = { sinceMs: nowMs, arrivedBytes, flowing }
  }
}
