import {
  type CurrentLimits,
  LimitsChange,
  Limits as LimitsSchema,
  type Limits as LimitValues,
  LOWEST_RATE,
} from '@windlass/contract'
import type { SettingRepository } from '../database/setting-repository.ts'
import type { ConnectionLimits } from '../downloads/connection-limits.ts'
import type { Ledger } from '../downloads/ledger.ts'
import type { Limits } from '../engine.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import type { Bandwidth } from '../net/bandwidth/create-bandwidth.ts'
import type { HostConnections } from '../net/host-connections.ts'
import type { Logger } from '../ports.ts'
import type { Clock } from '../runtime/clock.ts'
import { LiveLimits, type OwnLimits } from './live-limits.ts'
import { localTimeIn, type ToLocalTime } from './local-time.ts'

/** How late a row of the schedule may begin or end. */
const TICK_MS = 1_000
const KEPT_AS = 'limits'

export interface LimitsDeps {
  readonly bandwidth: Bandwidth
  readonly connections: ConnectionLimits
  readonly hosts: HostConnections
  readonly ledger: Pick<Ledger, 'note' | 'keepSetting'>
  readonly settings: SettingRepository
  readonly clock: Clock
  readonly timeZone: () => string
  readonly log: Pick<Logger, 'warn'>
}

export interface OpenLimits extends Limits {
  /** As they are at this moment. */
  readonly values: LimitValues
  /** Called after each change. */
  onChange(listener: () => void): void
  close(): void
}

/**
 * The limits of a home, enforced from now on: what the settings say, with what people changed
 * while it was open, in this run or an earlier one.
 * @throws WindlassError BAD_REQUEST when the settings make no sense
 */
export async function openLimits(base: LimitValues, deps: LimitsDeps): Promise<OpenLimits> {
  const limits = new EnforcedLimits(requireLimits(base), await readOwn(deps), deps)
  limits.start()
  return limits
}

class EnforcedLimits implements OpenLimits {
  readonly #deps: LimitsDeps
  readonly #live: LiveLimits
  readonly #listeners: (() => void)[] = []
  #zone: { readonly name: string; readonly localTime: ToLocalTime } | undefined
  #rate: CurrentLimits['rate']
  #stop: () => void = () => undefined
  /** Changes follow one another, so that none is computed from a state that another one replaces. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(base: LimitValues, own: OwnLimits, deps: LimitsDeps) {
    this.#deps = deps
    this.#live = new LiveLimits(base, own)
    this.#rate = this.#rateNow()
  }

  start(): void {
    this.#enforce()
    this.#stop = this.#deps.clock.every(TICK_MS, () => this.#tick())
  }

  close(): void {
    this.#stop()
  }

  get values(): LimitValues {
    return this.#live.values
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  current(): CurrentLimits {
    return this.#live.describe(this.#rateNow(), this.#deps.timeZone())
  }

  change(change: LimitsChange): Promise<CurrentLimits> {
    const parsed = LimitsChange.safeParse(change)
    if (!parsed.success) return Promise.reject(badLimits(parsed.error))
    return this.#inTurn(async () => {
      const { clock } = this.#deps
      return await this.#replace(this.#live.changedBy(parsed.data, clock.now()))
    })
  }

  async setDownloadRate(id: string, limitRate: number | null): Promise<void> {
    requireRate(limitRate)
    await this.#deps.ledger.note([], { id, set: { limitRate } })
    this.#deps.bandwidth.setDownloadRate(id, limitRate)
  }

  /** Durable and told first, then enforced. */
  async #replace(own: OwnLimits): Promise<CurrentLimits> {
    const { ledger, clock, timeZone } = this.#deps
    const next = new LiveLimits(this.#live.settings, own)
    const current = next.describe(next.rateAt(clock.now(), this.#localTime()), timeZone())
    await ledger.keepSetting(KEPT_AS, own, {
      type: 'limits.changed',
      downloadId: '',
      data: current,
    })
    this.#live.replaceOwn(own)
    this.#rate = this.#rateNow()
    this.#enforce()
    return current
  }

  #enforce(): void {
    const { bandwidth, connections, hosts } = this.#deps
    const { perSource, perHost, perDownload, ...values } = this.#live.values
    const { limitRate } = this.#rate
    bandwidth.setLimits({ limitRate, perSource, perHost, perDownload })
    connections.set(values.connections)
    hosts.setLimit(values.connectionsPerHost)
    for (const listener of this.#listeners) listener()
  }

  /** The schedule goes on by itself, and what was meant for a while ends. */
  #tick(): void {
    const { by } = this.#rate
    const now = this.#deps.clock.now()
    if (this.#live.isInForce(this.#rate, now, this.#localTime())) return
    const rate = this.#rateNow()
    this.#rate = rate
    this.#enforce()
    const own = { ...this.#live.own }
    if (by === 'temporary' && rate.by !== 'temporary') delete own.temporary
    this.#inTurn(() => this.#replace(own)).catch((err: unknown) =>
      this.#deps.log.warn({ err }, 'a change of the limits by the schedule could not be told'),
    )
  }

  #rateNow(): CurrentLimits['rate'] {
    return this.#live.rateAt(this.#deps.clock.now(), this.#localTime())
  }

  /** The machine may be carried into another time zone. */
  #localTime(): ToLocalTime {
    const name = this.#deps.timeZone()
    if (this.#zone?.name !== name) this.#zone = { name, localTime: localTimeIn(name) }
    return this.#zone.localTime
  }

  #inTurn<T>(body: () => Promise<T>): Promise<T> {
    const result = this.#last.then(body, body)
    this.#last = result.catch(() => undefined)
    return result
  }
}

/** What a newer or older program kept and this one cannot read is left aside, and told. */
async function readOwn({ settings, log }: LimitsDeps): Promise<OwnLimits> {
  const kept = await settings.find(KEPT_AS)
  if (kept === undefined) return {}
  const parsed = LimitsSchema.partial().safeParse(kept)
  if (parsed.success) return parsed.data
  log.warn(
    { err: parsed.error },
    'the limits that were changed cannot be read: those of the settings hold',
  )
  return {}
}

function requireLimits(limits: LimitValues): LimitValues {
  const parsed = LimitsSchema.safeParse(limits)
  if (parsed.success) return parsed.data
  throw badLimits(parsed.error)
}

function badLimits({
  issues,
}: {
  readonly issues: readonly { path: PropertyKey[]; message: string }[]
}) {
  const detail = issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
  return new WindlassError('BAD_REQUEST', { detail: detail.slice(0, 1000) })
}

function requireRate(rate: number | null): void {
  if (rate === null || (Number.isSafeInteger(rate) && rate >= LOWEST_RATE)) return
  throw new WindlassError('BAD_REQUEST', {
    detail: `limitRate must be a whole number of bytes per second, at least ${LOWEST_RATE}`,
  })
}
