import { LOWEST_RATE } from '@windlass/contract'
import type { Limits } from '../engine.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import type { BandwidthLimits } from '../net/bandwidth/bandwidth-limits.ts'
import type { Bandwidth } from '../net/bandwidth/create-bandwidth.ts'
import type { Ledger } from './ledger.ts'

export interface LimitsDeps {
  readonly bandwidth: Bandwidth
  readonly ledger: Pick<Ledger, 'note'>
}

/** What the faces can ask for and change about bandwidth. */
export function openLimits({ bandwidth, ledger }: LimitsDeps): Limits {
  return {
    current: () => bandwidth.limits,
    setLimits(changes) {
      bandwidth.setLimits(requireRates({ ...bandwidth.limits, ...changes }))
      return bandwidth.limits
    },
    async setDownloadRate(id, limitRate) {
      requireRate('limitRate', limitRate)
      await ledger.note([], { id, set: { limitRate } })
      bandwidth.setDownloadRate(id, limitRate)
    },
  }
}

/** @throws WindlassError BAD_REQUEST naming the limit that makes no sense */
export function requireRates(limits: BandwidthLimits): BandwidthLimits {
  const { limitRate, perSource, perHost, perDownload } = limits
  requireRate('limitRate', limitRate)
  requireRate('perDownload', perDownload)
  for (const [source, rate] of Object.entries(perSource)) requireRate(`perSource ${source}`, rate)
  for (const [host, rate] of Object.entries(perHost)) requireRate(`perHost ${host}`, rate)
  return { limitRate, perSource: { ...perSource }, perHost: { ...perHost }, perDownload }
}

function requireRate(name: string, rate: number | null): void {
  if (rate === null || (Number.isSafeInteger(rate) && rate >= LOWEST_RATE)) return
  throw new WindlassError('BAD_REQUEST', {
    detail: `${name} must be a whole number of bytes per second, at least ${LOWEST_RATE}`,
  })
}
