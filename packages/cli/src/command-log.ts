import { createLog, type Log, type LogOptions } from '@windlass/server'
import type { CliHost } from './host.ts'
import { type Paint, paintFor } from './render/paint.ts'
import { printable } from './render/printable.ts'
import type { Reporter } from './reporters/reporter.ts'

/** The server's log on stderr: JSON lines for machines, one short line each on a terminal. */
export function createServeLog(host: CliHost, level: LogOptions['level']): Log {
  const paint = paintFor(host.stderr, host.env)
  const write = host.stderr.isTerminal
    ? (text: string) => host.stderr.write(`${readableLine(text, paint)}\n`)
    : (text: string) => host.stderr.write(text)
  return createLog({ level, destination: { write } })
}

/** The engine's log where it works for one command: what matters comes as events, so only errors are told. */
export function createReporterLog(reporter: Reporter): Log {
  const write = (text: string): void => reporter.note(`error: ${messageOf(text)}`)
  return createLog({ level: 'error', destination: { write } })
}

/** A log that says nothing. */
export function createSilentLog(): Log {
  return createLog({ level: 'silent', destination: { write() {} } })
}

const WARN = 40
const ERROR = 50
/** Facts that are the same in each line, or have a place of their own in it. */
const ELSEWHERE = new Set(['level', 'time', 'pid', 'msg', 'err'])

/** One line of pino's as a person reads it: `14:03:22 request done  status=200`. */
export function readableLine(text: string, paint: Paint): string {
  const record = parseLine(text)
  const facts = Object.entries(record).filter(([key]) => !ELSEWHERE.has(key))
  const shown = printable(
    [
      messageOf(text),
      ...facts.map(
        ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      ),
    ].join('  '),
  )
  const time = paint('dim', new Date(String(record['time'])).toTimeString().slice(0, 8))
  const level = Number(record['level'])
  if (level >= ERROR) return `${time} ${paint('red', `error: ${shown}`)}`
  if (level >= WARN) return `${time} ${paint('yellow', `warning: ${shown}`)}`
  return `${time} ${shown}`
}

function messageOf(text: string): string {
  const { err, msg } = parseLine(text)
  const cause =
    typeof err === 'object' && err !== null && 'message' in err ? `: ${err.message}` : ''
  return printable(`${msg}${cause}`)
}

/** Lines come from pino, which writes one JSON object each. */
function parseLine(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>
}
