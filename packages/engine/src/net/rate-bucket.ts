const BUCKETS = ['api', 'resolvers', 'pages'] as const

/** The Hub counts requests in three buckets (docs/hub/rate-limits.md). */
export type RateBucket = (typeof BUCKETS)[number]

/** Null for a name that is none of the Hub's. */
export function rateBucketNamed(name: string): RateBucket | null {
  return BUCKETS.find((bucket) => bucket === name) ?? null
}

/** Where a mirror lives below a path of its own, `/api/` is not the first part. */
const API_CALL = /\/api\/(?:models|datasets|spaces|kernels|whoami|resolve-cache)\b/

/** The bucket in which the Hub counts a request. */
export function rateBucketOf({ pathname }: URL): RateBucket {
  const api = pathname.search(API_CALL)
  const resolve = pathname.indexOf('/resolve/')
  const isCall = pathname.startsWith('/api/') || (api !== -1 && (resolve === -1 || api < resolve))
  if (isCall) return pathname.includes('/api/resolve-cache/') ? 'resolvers' : 'api'
  return resolve === -1 ? 'pages' : 'resolvers'
}
