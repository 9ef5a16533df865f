import { ERROR_CODES, type ErrorCode, type ErrorSpec, Problem } from '@windlass/contract'

const brand = Symbol.for('windlass.ApiError')

/** A request that the server refused or that never reached it, with the facts of its problem document. */
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

/** An error that the client itself found, in the words of the code table. */
export function localError(
  code: ErrorCode,
  options: { readonly detail?: string; readonly status?: number; readonly cause?: unknown } = {},
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
      facts: {},
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
