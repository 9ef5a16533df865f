import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { signalExitCode } from './setup-failure.mjs'

const PARENT_CHECK_MS = 200

/**
 * @typedef {object} ChildOutcome
 * @property {number} exitCode 128 + number when a signal ended it, as shells count.
 * @property {NodeJS.Signals | null} interruptedBy A signal that reached us while it ran.
 * @property {string} stdout Empty unless captured.
 * @property {string} stderr Empty unless captured.
 */

/**
 * Runs a program to its end and passes signals on, so that whoever started us may treat us as the
 * program itself. We outlive it always: its last words and its exit code are ours.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{
 *   env: NodeJS.ProcessEnv, cwd?: string, capture?: boolean, shell?: boolean, graceMs?: number
 * }} options `graceMs`: how long it may go on after a signal; for ever when left out.
 * @returns {Promise<ChildOutcome>} Rejects when the program cannot be started.
 */
export function runChild(
  command,
  args,
  { env, cwd, capture = false, shell = false, graceMs = Infinity },
) {
  return new Promise((resolve, reject) => {
    /** @type {import('node:child_process').StdioOptions} */
    const stdio = capture ? ['ignore', 'pipe', 'pipe'] : 'inherit'
    const child = spawn(command, args, { env, cwd, shell, stdio })
    const output = { stdout: '', stderr: '' }
    for (const stream of /** @type {const} */ (['stdout', 'stderr'])) {
      child[stream]?.setEncoding('utf8').on('data', (text) => {
        output[stream] += text
      })
    }
    const relay = relaySignals(child, graceMs)
    child.once('error', (error) => {
      relay.stop()
      reject(error)
    })
    child.once('close', (code, signal) => {
      relay.stop()
      const exitCode = signal === null ? (code ?? 1) : signalExitCode(signal)
      resolve({ exitCode, interruptedBy: relay.received(), ...output })
    })
  })
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {number} graceMs
 */
function relaySignals(child, graceMs) {
  /** @type {NodeJS.Signals | null} */
  let received = null
  /** @type {NodeJS.Timeout | undefined} */
  let deadline
  const forward = (/** @type {NodeJS.Signals} */ signal) => {
    received = signal
    // Ctrl-C reaches every process of the terminal's foreground group, the child among them; passing
    // it on would count as a second one, which means "at once" to most programs.
    if (signal !== 'SIGINT' || !hasTerminal()) child.kill(signal)
    if (graceMs !== Infinity) deadline ??= setTimeout(() => child.kill('SIGKILL'), graceMs)
  }
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])
  for (const signal of signals) process.on(signal, forward)
  const orphanage = watchNpm(() => forward('SIGTERM'))
  return {
    received: () => received,
    stop() {
      clearTimeout(deadline)
      clearInterval(orphanage)
      for (const signal of signals) process.off(signal, forward)
    },
  }
}

/**
 * npm passes a signal to the shell between it and us, and that shell dies without telling us. So
 * when npm started us, the end of our parent is the order to stop.
 * @param {() => void} stop
 */
function watchNpm(stop) {
  if (process.env['npm_lifecycle_event'] === undefined) return undefined
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    stop()
  }, PARENT_CHECK_MS)
  return timer
}

/** Whether a terminal controls this process, wherever its input and output go. */
function hasTerminal() {
  if (process.platform === 'win32') return true
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    // Any failure to open it means that no Ctrl-C can come from it.
    return false
  }
}
