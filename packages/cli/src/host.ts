import type { Clock } from '@windlass/engine'

/** Where text goes. Sizes are asked each time, since a window can be resized. */
export interface Output {
  readonly isTerminal: boolean
  write(text: string): void
  columns(): number
  rows(): number
}

export type StopSignal = 'SIGINT' | 'SIGTERM'

/** Everything the commands need from the process; `main.ts` builds it from the real one. */
export interface CliHost {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
  readonly homeDir: string
  /** Versions of the runtime's parts, as in `process.versions`. */
  readonly versions: Readonly<Record<string, string | undefined>>
  readonly stdout: Output
  readonly stderr: Output
  readonly clock: Clock
  /** True when a person sits at the keyboard and can be asked. */
  readonly canAsk: boolean
  /** One line typed by the person, empty when the input ended. */
  ask(question: string): Promise<string>
  /** One line typed by the person and not shown, empty when the input ended. */
  askHidden(question: string): Promise<string>
  /** All that comes on stdin, up to 64 KiB. */
  readInput(): Promise<string>
  /** Calls `handler` until the returned function is called; without one the signal ends the process. */
  onSignal(handler: (signal: StopSignal) => void): () => void
  /** Runs `restore` when the process ends, however it ends short of SIGKILL. */
  onExit(restore: () => void): () => void
  /**
   * Asks `handler` about whatever is thrown where nobody catches it, until the returned function is
   * called. What it does not answer for ends the process as a bug.
   */
  onUncaught(handler: (error: Error) => boolean): () => void
  /** Ends the process at once. */
  exit(code: number): never
}
