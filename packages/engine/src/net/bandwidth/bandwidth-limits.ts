/** How fast bytes may come, in bytes per second; absent or null is no limit. */
export interface BandwidthLimits {
  /** Everything together. */
  readonly limitRate: number | null
  /** By the id of a source, for example `huggingface`. */
  readonly perSource: Readonly<Record<string, number>>
  /** By the host that sends the bytes, after all redirects: `host`, or `host:port` for one port of it. */
  readonly perHost: Readonly<Record<string, number>>
  /** Each download by itself; one that has a limit of its own keeps to the lower of the two. */
  readonly perDownload: number | null
}

export const NO_BANDWIDTH_LIMITS: BandwidthLimits = {
  limitRate: null,
  perSource: {},
  perHost: {},
  perDownload: null,
}
