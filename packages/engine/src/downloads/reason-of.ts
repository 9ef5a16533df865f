import { CAUSE_OF, type DownloadReason } from '@windlass/contract'
import type { WindlassError } from '../errors/windlass-error.ts'

/** Why a download stands where it stands, as people read it. */
export function reasonOf(
  error: WindlassError,
  options: { readonly retryAt?: number; readonly spentAttempts?: number } = {},
): DownloadReason {
  const spent =
    options.spentAttempts === undefined
      ? ''
      : `; gave up after ${options.spentAttempts} attempts without progress`
  const hint =
    options.spentAttempts === undefined
      ? error.hint
      : 'Every byte is kept: retry when the host is well again.'
  return {
    code: error.code,
    cause: CAUSE_OF[error.code],
    message: error.message + spent,
    ...(hint === undefined ? {} : { hint }),
    ...(options.retryAt === undefined ? {} : { retryAt: options.retryAt }),
  }
}
