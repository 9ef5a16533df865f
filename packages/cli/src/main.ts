#!/usr/bin/env node
import { homedir } from 'node:os'
import { createInterface } from 'node:readline'
import type { WriteStream } from 'node:tty'
import { systemClock } from '@windlass/engine'
import { EXIT_CODES } from './exit-codes.ts'
import type { CliHost, Output, StopSignal } from './host.ts'
import { runCli } from './run-cli.ts'
import { readHiddenLine } from './terminal/read-hidden-line.ts'
import { readInput } from './terminal/read-input.ts'

/** What a shell reports for a program that died of a closed pipe: 128 + SIGPIPE. */
const CLOSED_PIPE = 141
const MOST_INPUT_BYTES = 64 * 1024

function outputTo(stream: WriteStream): Output {
  // Whoever read has read enough (`| head`), or the terminal is gone.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' || error.code === 'EIO' ? CLOSED_PIPE : EXIT_CODES.bug)
  })
  return {
    isTerminal: stream.isTTY === true,
    write: (text) => void stream.write(text),
    columns: () => stream.columns || 80,
    rows: () => stream.rows || 24,
  }
}

function ask(question: string): Promise<string> {
  // Not as a terminal: readline would take Ctrl-C for itself.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
  return new Promise((resolve) => {
    lines.once('close', () => resolve(''))
    lines.question(question, (answer) => {
      resolve(answer)
      lines.close()
    })
  })
}

function onSignal(handler: (signal: StopSignal) => void): () => void {
  const signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM']
  for (const signal of signals) process.on(signal, handler)
  return () => {
    for (const signal of signals) process.off(signal, handler)
  }
}

/** Who may answer for what nobody caught. */
const answering = new Set<(error: Error) => boolean>()

const host: CliHost = {
  env: process.env,
  platform: process.platform,
  homeDir: homedir(),
  versions: process.versions,
  stdout: outputTo(process.stdout),
  stderr: outputTo(process.stderr),
  clock: systemClock,
  canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
  ask,
  askHidden(question) {
    process.stderr.write(question)
    return readHiddenLine(process.stdin, () => process.kill(process.pid, 'SIGINT'))
  },
  readInput: () => readInput(process.stdin, MOST_INPUT_BYTES),
  onSignal,
  onExit(restore) {
    process.on('exit', restore)
    return () => process.off('exit', restore)
  },
  onUncaught(handler) {
    answering.add(handler)
    return () => answering.delete(handler)
  },
  exit: (code) => process.exit(code),
}

process.on('uncaughtException', (error) => {
  if ([...answering].some((answersFor) => answersFor(error))) return
  host.stderr.write(
    `error: This is a bug in Windlass. Please report it.\n${error.stack ?? error.message}\n`,
  )
  process.exit(EXIT_CODES.bug)
})

process.exitCode = await runCli(process.argv.slice(2), host)
