import { constants } from 'node:os'

/** A set-up that cannot go on, in words for the person who started it. */
export class SetupFailure extends Error {
  /**
   * @param {string} message What failed, as a sentence.
   * @param {{ advice?: readonly string[], output?: string, exitCode?: number }} [options]
   *   `advice`: what to do, a line each; `output`: the last words of the program that failed.
   */
  constructor(message, { advice = [], output = '', exitCode = 1 } = {}) {
    super(message)
    this.name = 'SetupFailure'
    this.advice = advice
    this.output = output
    this.exitCode = exitCode
  }

  /** The whole message for stderr. */
  report() {
    const output = this.output.trim().split('\n').slice(-30).filter(Boolean)
    return `${[...output, `windlass: ${this.message}`, ...this.advice.map((line) => `  ${line}`)].join('\n')}\n`
  }
}

/**
 * The failure of a set-up that somebody stopped on purpose.
 * @param {NodeJS.Signals} signal
 */
export function interrupted(signal) {
  return new SetupFailure('The set-up was interrupted. Run the same command again to go on.', {
    exitCode: signalExitCode(signal),
  })
}

/**
 * The exit code by which a shell reports a death by `signal`.
 * @param {NodeJS.Signals} signal
 */
export function signalExitCode(signal) {
  return 128 + (constants.signals[signal] ?? 0)
}
