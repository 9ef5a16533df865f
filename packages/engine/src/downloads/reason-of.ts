import { CAUSE_OF, type DownloadReason, ERROR_CODES } from '@windlass/contract'
import { WindlassError } from '../errors/windlass-error.ts'

/** Why a download stands where it stands, as people read it. */
export function reasonOf(
  error: WindlassError,
  options: { readonly retryAt?: number; readonly spentAttempts?: number } = {},
): DownloadReason {
  const spent =
    options.spentAttempts === undefined
      ? ''
      : `; gave up after ${options.spentAttempts} ${options.spentAttempts === 1 ? 'attempt' : 'attempts'} without progress`
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

/** The error that a reason was made of, as far as the reason tells it. */
export function errorOfReason(
  { code, hint, message, retryAt }: DownloadReason,
  facts: WindlassError['facts'],
): WindlassError {
  // A reason begins with the words of its code, as the error will again.
  const detail = message.slice(ERROR_CODES[code].message.length).replace(/^: /, '')
  return new WindlassError(code, {
    facts,
    ...(detail === '' ? {} : { detail }),
    ...(hint === undefined ? {} : { hint }),
    ...(retryAt === undefined ? {} : { retryAt }),
  })
}
