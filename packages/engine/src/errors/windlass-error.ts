import {
  type Disposition,
  ERROR_CODES,
  type ErrorCode,
  type ErrorSpec,
  type Problem,
} from '@windlass/contract'

export interface WindlassErrorOptions {
  /** What exactly went wrong, to which file; joined to the message of the code. */
  readonly detail?: string
  /** Replaces the hint of the code where a better one is known. */
  readonly hint?: string
  readonly cause?: unknown
  /** Earliest useful moment for another attempt, in epoch milliseconds. */
  readonly retryAt?: number
  /** Extra facts for logs and API clients. Must be free of secrets. */
  readonly facts?: Readonly<Record<string, string | number | boolean | null>>
}

const brand = Symbol.for('windlass.WindlassError')

/** The one error class that crosses module boundaries. */
export class WindlassError extends Error {
  override readonly name = 'WindlassError'
  readonly code: ErrorCode
  readonly disposition: Disposition
  readonly status: number
  readonly hint: string | undefined
  readonly retryAt: number | undefined
  readonly facts: NonNullable<WindlassErrorOptions['facts']>
  readonly [brand] = true

  constructor(code: ErrorCode, options: WindlassErrorOptions = {}) {
    const spec: ErrorSpec = ERROR_CODES[code]
    const detail = options.detail === undefined ? '' : `: ${options.detail}`
    super(spec.message + detail, options.cause === undefined ? {} : { cause: options.cause })
    this.code = code
    this.disposition = spec.disposition
    this.status = spec.status
    this.hint = options.hint ?? spec.hint
    this.retryAt = options.retryAt
    this.facts = options.facts ?? {}
  }

  /** RFC 9457 problem document, the body of every failing API answer. */
  toJSON(): Problem {
    return {
      type: `urn:windlass:error:${this.code}`,
      code: this.code,
      title: ERROR_CODES[this.code].message,
      status: this.status,
      detail: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.retryAt === undefined ? {} : { retryAt: this.retryAt }),
      facts: { ...this.facts },
    }
  }
}

/** Holds across realms and duplicate installs, unlike `instanceof`. */
export function isWindlassError(value: unknown, code?: ErrorCode): value is WindlassError {
  if (typeof value !== 'object' || value === null || !(brand in value)) return false
  return code === undefined || (value as WindlassError).code === code
}
