import type { ErrorCode } from '@windlass/contract'

export interface RouteKind {
  readonly isPublic: boolean
  /** Anything but a GET: can carry a body, and is limited. */
  readonly canChange: boolean
  readonly takesParameters: boolean
}

/**
 * What a host can refuse, in its stead, where a route waits for one: the statuses that are told, each
 * by its commonest codes. `docs/errors.md` has the rest.
 */
export const HOST_PROBLEMS = [
  'HTTP_AUTH',
  'HTTP_GATED',
  'REPO_NOT_FOUND',
  'SOURCE_GONE',
  'HTTP_RATE_LIMITED',
  'HTTP_LEGAL',
  'NET_REFUSED',
  'NET_TIMEOUT',
  'HUB_OFFLINE',
] as const satisfies readonly ErrorCode[]

/** What the disk can refuse. */
export const DISK_PROBLEMS = ['DISK_IO', 'DISK_FULL'] as const satisfies readonly ErrorCode[]

/** Codes that every route of a kind can answer with. */
export function generalProblems(kind: RouteKind): readonly ErrorCode[] {
  const { isPublic, canChange, takesParameters } = kind
  return [
    'HOST_REJECTED',
    'ORIGIN_REJECTED',
    'TOO_MANY_GUESSES',
    'SERVER_CLOSING',
    'INTERNAL',
    ...(isPublic ? [] : (['AUTH_REQUIRED'] as const)),
    ...(canChange || takesParameters ? (['BAD_REQUEST'] as const) : []),
    ...(canChange
      ? (['PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'TOO_MANY_REQUESTS'] as const)
      : []),
  ]
}
