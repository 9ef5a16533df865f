import { isApiError } from '@windlass/client'

/** True for failures which say that nobody answers, not that somebody refused. */
export function ownerLost(error: unknown): boolean {
  return isApiError(error, 'SERVER_UNREACHABLE')
}
