import type { TlsSwitch } from '../chaos/tls-switch.ts'
import type { CdnObject } from './cdn.ts'
import type { HubRepoSpec } from './hub-repo.ts'
import type { RateLimitOptions } from './rate-limits.ts'

export interface FakeHubOptions {
  /** The Hub's own port; 0 by default, which takes any. The other hosts always take any. */
  readonly port?: number
  /** Entries on one page of a tree listing; 1000 by default. */
  readonly pageSize?: number
  /** How long signed URLs live; 3600 by default. */
  readonly urlLifetimeSeconds?: number
  /** The CDN refuses a GET without a range for more than this; without limit by default. */
  readonly maxRangelessBytes?: number
  /** How fast the CDN sends on each connection; as fast as it can by default. */
  readonly cdnBytesPerSecond?: number
  /** The CDN speaks HTTPS, with these certificates. */
  readonly cdnTls?: TlsSwitch
  /**
   * Where another server has the bytes of an LFS file or of a Xet part, such as one that is faster
   * than this; `undefined` for the fake CDN. Asked at each redirect, so answers may change.
   */
  readonly objectUrl?: (object: CdnObject) => URL | undefined
  /** Requests in a window before 429; practically without limit by default. */
  readonly rateLimits?: RateLimitOptions
  /** Tokens to user names. Tokens of repositories are added by themselves. */
  readonly users?: Readonly<Record<string, string>>
  /** Epoch milliseconds, for expiry; the system's by default. */
  readonly now?: () => number
}

/** A repository by its id; a model unless `type` says otherwise. */
export type HubRepoRef = Pick<HubRepoSpec, 'type' | 'id'>
