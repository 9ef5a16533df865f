import type { ErrorCode } from '@windlass/contract'

export interface RouteKind {
  readonly isPublic: boolean
  /** Anything but a GET: can carry a body, and is limited. */
  readonly canChange: boolean
  readonly takesParameters: boolean
}

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
