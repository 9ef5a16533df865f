import { type Disposition, ERROR_CODES, type ErrorCode } from '@windlass/contract'

/** What the shell is told. Public: scripts depend on them. */
export const EXIT_CODES = {
  done: 0,
  failed: 1,
  usage: 2,
  /** A person must act; everything is kept. */
  blocked: 3,
  bug: 70,
  /** Ctrl-C; everything is kept. */
  interrupted: 130,
  terminated: 143,
} as const
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES]

const BY_DISPOSITION: Readonly<Record<Disposition, ExitCode>> = {
  retry: EXIT_CODES.failed,
  restart: EXIT_CODES.failed,
  blocked: EXIT_CODES.blocked,
  fail: EXIT_CODES.failed,
  halt: EXIT_CODES.bug,
}

/** Codes that say more than their disposition: what was typed or set is wrong, or we are. */
const BY_CODE: Partial<Record<ErrorCode, ExitCode>> = {
  BAD_REQUEST: EXIT_CODES.usage,
  REF_INVALID: EXIT_CODES.usage,
  SETTINGS_INVALID: EXIT_CODES.usage,
  // Somebody else's running program is no bug of ours.
  LOCK_HELD: EXIT_CODES.failed,
  INTERNAL: EXIT_CODES.bug,
}

/** The exit code for a failure with this error code. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  return BY_CODE[code] ?? BY_DISPOSITION[ERROR_CODES[code].disposition]
}

/** Least serious first: what cannot succeed outweighs what a person can mend. */
const SEVERITY: readonly ExitCode[] = [
  EXIT_CODES.done,
  EXIT_CODES.interrupted,
  EXIT_CODES.terminated,
  EXIT_CODES.blocked,
  EXIT_CODES.failed,
  EXIT_CODES.usage,
  EXIT_CODES.bug,
]

/** The one exit code of several outcomes; done when there are none. */
export function mostSerious(codes: readonly ExitCode[]): ExitCode {
  return codes.reduce<ExitCode>(
    (worst, code) => (SEVERITY.indexOf(code) > SEVERITY.indexOf(worst) ? code : worst),
    EXIT_CODES.done,
  )
}
