import {
  type Download,
  ERROR_CODES,
  type ErrorCode,
  type ErrorSpec,
  Problem,
} from '@windlass/contract'

const brand = Symbol.for('windlass.ApiError')

/**
 * A request that the server refused or that never reached it, or a download that did not
 * become complete; with the facts of a problem document (RFC 9457).
 */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly problem: Problem
  readonly [brand] = true

  constructor(problem: Problem, options: { readonly cause?: unknown } = {}) {
    super(problem.detail, options.cause === undefined ? {} : { cause: options.cause })
    this.problem = problem
  }

  get code(): ErrorCode {
    return this.problem.code
  }

  /** HTTP status; the one of the code when no answer came. */
  get status(): number {
    return this.problem.status
  }

  get detail(): string {
    return this.problem.detail
  }

  /** What the person can do. */
  get hint(): string | undefined {
    return this.problem.hint
  }

  /** Earliest useful moment for another attempt, epoch milliseconds. */
  get retryAt(): number | undefined {
    return this.problem.retryAt
  }
}

/** Holds across duplicate installs, unlike `instanceof`. */
export function isApiError(value: unknown, code?: ErrorCode): value is ApiError {
  if (typeof value !== 'object' || value === null || !(brand in value)) return false
  // The brand is set by the class alone.
  return code === undefined || (value as ApiError).code === code
}

/** True for failures that may pass by themselves: nobody answers, or the server asks for patience. */
export function isPassing(error: unknown): error is ApiError {
  if (!isApiError(error)) return false
  return error.status >= 500 || error.status === 408 || error.status === 429
}

/** Why a download that is over is not complete: its own reason, or that somebody stopped it. */
export function stoppedError(download: Download): ApiError {
  const { id, reason, state, title } = download
  const name = title || download.ref
  if (reason === undefined || state === 'paused' || state === 'cancelled') {
    return localError('DOWNLOAD_STOPPED', { detail: `${name} is ${state}`, facts: { id, state } })
  }
  const { problem } = localError(reason.code, { facts: { id, state } })
  return new ApiError({
    ...problem,
    detail: `${name}: ${reason.message}`,
    ...(reason.hint === undefined ? {} : { hint: reason.hint }),
    ...(reason.retryAt === undefined ? {} : { retryAt: reason.retryAt }),
  })
}

/** An error that the client itself found, in the words of the code table. */
export function localError(
  code: ErrorCode,
  options: {
    readonly detail?: string
    readonly status?: number
    readonly cause?: unknown
    readonly facts?: Problem['facts']
  } = {},
): ApiError {
  const spec: ErrorSpec = ERROR_CODES[code]
  const detail = options.detail === undefined ? '' : `: ${options.detail}`
  return new ApiError(
    {
      type: `urn:windlass:error:${code}`,
      code,
      title: spec.message,
      status: options.status ?? spec.status,
      detail: spec.message + detail,
      ...(spec.hint === undefined ? {} : { hint: spec.hint }),
      facts: options.facts ?? {},
    },
    options,
  )
}

/** The error that an answer with a failing status stands for; HTTP_PROTOCOL when it is not one of Windlass. */
export function errorFromAnswer(status: number, body: unknown): ApiError {
  const problem = Problem.safeParse(body)
  if (problem.success) return new ApiError(problem.data)
  return localError('HTTP_PROTOCOL', {
    status,
    detail: `status ${status} without a problem document; is this a Windlass server?`,
  })
}
