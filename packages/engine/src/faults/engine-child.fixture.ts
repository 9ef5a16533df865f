import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { DownloadState } from '@windlass/contract'
import { isSystemError } from '../disk/system-error.ts'
import type { HttpTimeouts } from '../net/transport.ts'
import type { FaultWorld } from './fault-world.fixture.ts'

/** What the process is told, as JSON in its only argument. */
export interface ChildOrders {
  readonly endpoint: string
  readonly hfHome: string
  readonly home: string
  /** Created when given; otherwise the process goes on with what the home holds. */
  readonly ref?: string
  readonly timeouts?: Partial<HttpTimeouts>
  readonly connections?: number
  /** Cancels its one download when so much of it is there. */
  readonly cancelAtBytes?: number
}

/** What it tells, one JSON object a line. */
export interface ChildLine {
  readonly pid: number
  readonly state?: DownloadState
  readonly code?: string
  readonly notice?: string
  readonly receivedBytes?: number
  /** The most memory that it ever had, as the kernel counts. */
  readonly peakBytes?: number
}

/** An engine in a process of its own, which may be killed, stopped or starved. */
export interface EngineChild extends AsyncDisposable {
  readonly lines: readonly ChildLine[]
  /** The first line, past or to come, that is meant. Rejects when the process ends without it. */
  until(isMeant: (line: ChildLine) => boolean): Promise<ChildLine>
  /** Sends a signal to the engine itself, whatever it was started by. */
  signal(name: NodeJS.Signals): void
  readonly ended: Promise<unknown>
}

const MAIN = fileURLToPath(new URL('./engine-child-main.fixture.ts', import.meta.url))

/** @param before a program, with its arguments, that starts the process in its own way */
export function startEngineChild(
  world: FaultWorld,
  orders: Partial<ChildOrders> = {},
  before: readonly string[] = [],
): EngineChild {
  const told: ChildOrders = {
    endpoint: world.hub.endpoint,
    hfHome: world.hfHome,
    home: world.dir.join('home'),
    ...orders,
  }
  const node = [process.execPath, '--conditions=windlass-source', MAIN, JSON.stringify(told)]
  const [program = '', ...args] = [...before, ...node]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const lines: ChildLine[] = []
  const arrived = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', (text) => {
    // The process is ours and prints nothing else.
    lines.push(JSON.parse(text) as ChildLine)
    for (const wake of arrived) wake()
  })
  const signal = (name: NodeJS.Signals): void => {
    const pid = lines[0]?.pid
    if (pid !== undefined && isAlive(child)) killUnlessEnded(pid, name)
  }
  return {
    lines,
    ended,
    signal,
    until: (isMeant) => firstLine(lines, arrived, ended, isMeant),
    async [Symbol.asyncDispose]() {
      if (!isAlive(child)) return
      // Whatever it was started by ends with it.
      if (lines[0] === undefined) child.kill('SIGKILL')
      else signal('SIGKILL')
      await ended
    },
  }
}

/** What it was started by may outlive it for a moment. */
function killUnlessEnded(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (!isSystemError(error, 'ESRCH')) throw error
  }
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}

async function firstLine(
  lines: readonly ChildLine[],
  arrived: Set<() => void>,
  ended: Promise<unknown>,
  isMeant: (line: ChildLine) => boolean,
): Promise<ChildLine> {
  const { promise, resolve, reject } = Promise.withResolvers<ChildLine>()
  const look = (): void => {
    const found = lines.find(isMeant)
    if (found !== undefined) resolve(found)
  }
  arrived.add(look)
  void ended.then(() => {
    look()
    reject(new Error(`it ended and had only told ${JSON.stringify(lines)}`))
  })
  look()
  try {
    return await promise
  } finally {
    arrived.delete(look)
  }
}
