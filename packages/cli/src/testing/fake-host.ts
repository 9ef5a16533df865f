import { systemClock } from '@windlass/engine'
import type { CliHost, Output, StopSignal } from '../host.ts'

/** An output that keeps what is written. */
export interface KeptOutput extends Output {
  text(): string
}

export function keptOutput(
  facts: { readonly isTerminal?: boolean; readonly columns?: number; readonly rows?: number } = {},
): KeptOutput {
  const parts: string[] = []
  return {
    isTerminal: facts.isTerminal ?? false,
    write: (text) => void parts.push(text),
    columns: () => facts.columns ?? 80,
    rows: () => facts.rows ?? 24,
    text: () => parts.join(''),
  }
}

export interface FakeHost extends CliHost {
  readonly stdout: KeptOutput
  readonly stderr: KeptOutput
  /** Delivers a signal to whoever listens. */
  raise(signal: StopSignal): void
}

/** A host without a process: for tests of what the commands do with it. */
export function fakeHost(
  facts: {
    readonly answer?: string
    readonly input?: string
    readonly env?: Record<string, string>
  } = {},
): FakeHost {
  const handlers = new Set<(signal: StopSignal) => void>()
  return {
    env: facts.env ?? {},
    platform: 'linux',
    homeDir: '/home/someone',
    versions: process.versions,
    stdout: keptOutput(),
    stderr: keptOutput(),
    clock: systemClock,
    canAsk: facts.answer !== undefined,
    ask: async () => facts.answer ?? '',
    askHidden: async () => facts.answer ?? '',
    readInput: async () => facts.input ?? '',
    onSignal(handler) {
      handlers.add(handler)
      return () => handlers.delete(handler)
    },
    onExit: () => () => undefined,
    onUncaught: () => () => undefined,
    exit(code) {
      throw new Error(`exit ${code}`)
    },
    raise(signal) {
      for (const handler of handlers) handler(signal)
    },
  }
}
