import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Bench } from '../bench.ts'
import type { BenchCase } from '../bench-case.ts'
import { inFreshFolder } from '../contestants/in-fresh-folder.ts'
import { pullOnce, WINDLASS_ARGS, windlassEnvironment } from '../contestants/windlass.ts'
import type { Run } from '../measure/run-measured.ts'
import { runRounds } from '../measure/run-rounds.ts'
import { pairedRatios, spreadOf } from '../measure/spread.ts'
import { readAccessLog } from '../origin/read-access-log.ts'
import { startRelay } from '../origin/start-relay.ts'
import { wallFigure } from './figures.ts'
import { largeModel } from './large-model.ts'

const MIB = 1024 ** 2
const THERE_BEFORE = 0.9
/** What still lies in socket buffers when the relay stops gets so long to reach the disk. */
const LANDING_MS = 1500
/** nginx writes its log a moment after the client has everything. */
const LOG_MS = 200
const INTERRUPTED = 130

export const resume: BenchCase = {
  name: 'resume',
  title: 'the rest of a file that is 90 % there, against the whole file',
  tools: ['nginx'],
  async run(bench) {
    const { id, file } = await largeModel(bench)
    const there = Math.floor(file.sizeBytes * THERE_BEFORE)
    const contestants = {
      whole: () => inFreshFolder(bench.folder, (folder) => loggedPull(bench, folder, id)),
      rest: () =>
        inFreshFolder(bench.folder, async (folder) => {
          await leaveUnfinished(bench, { folder, model: id, bytes: there })
          return loggedPull(bench, folder, id)
        }),
    }
    const { whole, rest } = await runRounds(contestants, bench)
    const missing = file.sizeBytes - there
    const firstByte = (runs: readonly LoggedRun[]) => runs.map((run) => run.firstByteSeconds)
    return [
      {
        name: 'bytes sent twice',
        unit: 'MiB',
        value: spreadOf(rest.map(({ sentBytes }) => (sentBytes - missing) / MIB)),
        // What a kill may cost for each of 8 connections; a stop should cost nothing.
        target: { most: 8 },
      },
      {
        name: 'time to the first byte, rest / whole',
        unit: 'x',
        value: pairedRatios(firstByte(rest), firstByte(whole)),
        // Hashing first would at least double it; less than a quarter is noise.
        target: { most: 1.25 },
      },
      { name: 'first byte, rest', unit: 's', value: spreadOf(firstByte(rest)), target: null },
      { name: 'first byte, whole', unit: 's', value: spreadOf(firstByte(whole)), target: null },
      wallFigure('rest', rest),
      wallFigure('whole', whole),
    ]
  },
}

interface LoggedRun extends Run {
  readonly sentBytes: number
  /** From the start of the program to its first request for the file. */
  readonly firstByteSeconds: number
}

async function loggedPull(bench: Bench, folder: string, model: string): Promise<LoggedRun> {
  const { origin } = bench
  try {
    origin.redirectTo(origin.nginx.logged)
    const run = await pullOnce(bench, folder, { model })
    await delay(LOG_MS)
    const answers = await readAccessLog(origin.nginx.accessLog, run.startedAt)
    const sentBytes = answers.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0)
    const first = answers[0]?.startedAt ?? Number.NaN
    return { ...run, sentBytes, firstByteSeconds: (first - run.startedAt) / 1000 }
  } finally {
    origin.redirectTo(origin.nginx.plain)
  }
}

interface Unfinished {
  readonly folder: string
  readonly model: string
  readonly bytes: number
}

/** Pulls until so many bytes have come, and interrupts as Ctrl-C does. */
async function leaveUnfinished(bench: Bench, { folder, model, bytes }: Unfinished): Promise<void> {
  const { origin, signal } = bench
  const relay = await startRelay({ target: origin.nginx.plain, stopAfterBytes: bytes })
  try {
    origin.redirectTo(relay.url)
    const child = spawn(process.execPath, [...WINDLASS_ARGS, 'pull', model, '--quiet'], {
      cwd: folder,
      env: windlassEnvironment(bench, folder),
      stdio: 'ignore',
      signal,
    })
    const ended = once(child, 'close')
    await Promise.race([relay.stopped.then(() => delay(LANDING_MS)), ended])
    child.kill('SIGINT')
    const [code] = await ended
    if (code !== INTERRUPTED) throw new Error(`windlass ended with ${code}, not interrupted`)
  } finally {
    origin.redirectTo(origin.nginx.plain)
    await relay.close()
  }
}
