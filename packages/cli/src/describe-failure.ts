import { isApiError } from '@windlass/client'
import { classify } from '@windlass/engine'
import { EXIT_CODES, type ExitCode, exitCodeOf } from './exit-codes.ts'
import { UsageError } from './usage-error.ts'

/** A failure as a person is told it. */
export interface Failure {
  readonly message: string
  readonly hint: string | undefined
  readonly exitCode: ExitCode
  /** Only of what nobody foresaw. */
  readonly stack?: string
}

/** Puts whatever was thrown into words. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof UsageError) {
    return { message: error.message, hint: error.hint, exitCode: EXIT_CODES.usage }
  }
  if (isApiError(error)) {
    return { message: error.detail, hint: error.hint, exitCode: exitCodeOf(error.code) }
  }
  const { cause, code, hint, message } = classify(error)
  const unforeseen = code === 'INTERNAL' && cause instanceof Error ? cause.stack : undefined
  return {
    message,
    hint,
    exitCode: exitCodeOf(code),
    ...(unforeseen === undefined ? {} : { stack: unforeseen }),
  }
}
