import { type CurrentLimits, LIMIT_NAMES, type Limits, type LimitsChange } from '@windlass/contract'
import type { ToLocalTime } from './local-time.ts'
import { nextRowChange, rowInForce } from './weekly-calendar.ts'

/** What people changed, and nothing else: all other limits are those of the settings. */
export type OwnLimits = { [K in keyof Limits]?: Limits[K] | undefined }

type RateInForce = CurrentLimits['rate']

/** The limits of the settings with what people changed on top. Pure state: nothing is enforced here. */
export class LiveLimits {
  readonly #settings: Limits
  #own: OwnLimits

  constructor(settings: Limits, own: OwnLimits) {
    this.#settings = settings
    this.#own = own
  }

  get values(): Limits {
    return { ...this.#settings, ...present(this.#own) }
  }

  get settings(): Limits {
    return this.#settings
  }

  get own(): OwnLimits {
    return this.#own
  }

  /** What would be changed, without changing it. */
  changedBy(change: LimitsChange, nowMs: number): OwnLimits {
    const { reset = [], temporary, perSource, perHost, ...plain } = change
    const { values } = this
    const own: OwnLimits = {
      ...this.#own,
      ...plain,
      ...(perSource === undefined ? {} : { perSource: merge(values.perSource, perSource) }),
      ...(perHost === undefined ? {} : { perHost: merge(values.perHost, perHost) }),
      ...(temporary === undefined ? {} : { temporary: untilOf(temporary, nowMs) }),
    }
    for (const name of reset) delete own[name]
    return own
  }

  replaceOwn(own: OwnLimits): void {
    this.#own = own
  }

  /** What holds for everything together: the temporary rate, else the schedule, else the limit itself. */
  rateAt(nowMs: number, localTime: ToLocalTime): RateInForce {
    const { limitRate, schedule, temporary } = this.values
    if (temporary !== null && temporary.until > nowMs) {
      return { limitRate: temporary.limitRate, by: 'temporary', until: temporary.until }
    }
    const row = rowInForce(schedule, nowMs, localTime)
    const until = nextRowChange(schedule, nowMs, localTime)
    if (row !== null) return { limitRate: row.limitRate, by: 'schedule', until }
    return { limitRate, by: 'limitRate', until }
  }

  /** Whether what held holds still, which is found out quicker than what holds. */
  isInForce(rate: RateInForce, nowMs: number, localTime: ToLocalTime): boolean {
    if (rate.until !== null && nowMs >= rate.until) return false
    const { limitRate, schedule, temporary } = this.values
    if (temporary !== null && temporary.until > nowMs) return rate.by === 'temporary'
    const row = rowInForce(schedule, nowMs, localTime)
    if (row === null) return rate.by === 'limitRate' && rate.limitRate === limitRate
    return rate.by === 'schedule' && rate.limitRate === row.limitRate
  }

  describe(rate: RateInForce, timeZone: string): CurrentLimits {
    const changed = LIMIT_NAMES.filter((name) => this.#own[name] !== undefined)
    return { limits: this.values, rate, changed, timeZone }
  }
}

function present(own: OwnLimits): Partial<Limits> {
  // What is left has a value for each key that it has.
  return Object.fromEntries(
    Object.entries(own).filter(([, value]) => value !== undefined),
  ) as Partial<Limits>
}

function untilOf(temporary: NonNullable<LimitsChange['temporary']> | null, nowMs: number) {
  if (temporary === null) return null
  return { limitRate: temporary.limitRate, until: nowMs + temporary.seconds * 1000 }
}

function merge(
  rates: Readonly<Record<string, number>>,
  changes: Readonly<Record<string, number | null>>,
): Record<string, number> {
  const merged = { ...rates, ...changes }
  return Object.fromEntries(
    Object.entries(merged).flatMap(([name, rate]) => (rate === null ? [] : [[name, rate]])),
  )
}
