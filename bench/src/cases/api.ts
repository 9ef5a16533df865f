import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Bench } from '../bench.ts'
import type { BenchCase, Figure } from '../bench-case.ts'
import { inFreshFolder } from '../contestants/in-fresh-folder.ts'
import { windlassEnvironment } from '../contestants/windlass.ts'
import { type ApiAddress, type ApiLatencies, loadApi } from '../measure/load-api.ts'
import type { LoopDelay } from '../measure/loop-delay.ts'
import { spreadOf } from '../measure/spread.ts'

const SERVER = fileURLToPath(new URL('../measure/serve-under-load-main.ts', import.meta.url))
const MODEL = 'bench/sixteen'
const ACTIVE = 16
const QUEUED = 10_000
const STREAMS = 200
const SOCKETS = 20
/** At 4 MB/s over all of them, they are still at it when the measurement ends. */
const FILE_BYTES = 16 * 1024 ** 2
const RATE = '4M'
const SECONDS = 20

interface Fared {
  readonly delay: LoopDelay
  readonly residentMib: number
  readonly active: number
  readonly queued: number
}
type Sample = ApiLatencies & Fared & { readonly startSeconds: number }

/** The targets are those of a machine with two cores, of which the readers need one. */
export const api: BenchCase = {
  name: 'api',
  title: `${QUEUED} queued, ${ACTIVE} active, ${STREAMS + SOCKETS} readers of events: how quick the API is`,
  tools: ['nginx'],
  async run(bench) {
    const files = Array.from({ length: ACTIVE }, (_, n) => ({
      path: `part-${n}.bin`,
      content: { seed: `part-${n}`, sizeBytes: FILE_BYTES },
      lfs: true,
    }))
    await bench.origin.model(MODEL, files)
    const samples: Sample[] = []
    for (let round = 1; round <= bench.rounds; round++) {
      bench.say(`round ${round} of ${bench.rounds}`)
      samples.push(await inFreshFolder(bench.folder, (folder) => measure(bench, folder)))
    }
    return figuresOf(samples)
  },
}

async function measure(bench: Bench, folder: string): Promise<Sample> {
  const child = spawn(
    process.execPath,
    ['--conditions=windlass-source', SERVER, MODEL, String(QUEUED)],
    {
      cwd: folder,
      env: {
        ...windlassEnvironment(bench, folder),
        WINDLASS_MAX_ACTIVE: String(ACTIVE),
        WINDLASS_MAX_QUEUED: String(2 * QUEUED),
        WINDLASS_LIMIT_RATE: RATE,
      },
      stdio: ['pipe', 'pipe', 'inherit'],
      signal: bench.signal,
    },
  )
  const lines = linesOf(child)
  // The program is ours, and prints exactly these two.
  const server = (await lines()) as ApiAddress & { readonly startSeconds: number }
  const load = { streams: STREAMS, sockets: SOCKETS, seconds: SECONDS, signal: bench.signal }
  const latencies = await loadApi(server, load)
  child.stdin?.end()
  const fared = (await lines()) as Fared
  await once(child, 'close')
  if (latencies.event.length !== latencies.eventsDue) {
    throw new Error(`${latencies.event.length} of ${latencies.eventsDue} events reached a reader`)
  }
  if (fared.active !== ACTIVE) throw new Error(`${fared.active} downloads were active at the end`)
  return { ...latencies, ...fared, startSeconds: server.startSeconds }
}

/** Reads the next line that the program prints. */
function linesOf(child: ChildProcess): () => Promise<unknown> {
  if (child.stdout === null) throw new TypeError('standard output is not piped')
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return async () => {
    const { done, value } = await lines.next()
    if (done === true) throw new Error('the server ended early')
    return JSON.parse(value)
  }
}

function figuresOf(samples: readonly Sample[]): readonly Figure[] {
  const figure = (
    name: string,
    unit: Figure['unit'],
    pick: (sample: Sample) => number,
    most: number | null,
  ): Figure => ({
    name,
    unit,
    value: spreadOf(samples.map(pick)),
    target: most === null ? null : { most },
  })
  return [
    figure('list, median', 'ms', ({ list }) => quantile(list, 0.5), 10),
    figure('list, 99th percentile', 'ms', ({ list }) => quantile(list, 0.99), 50),
    figure('create, median', 'ms', ({ create }) => quantile(create, 0.5), 10),
    figure('create, 99th percentile', 'ms', ({ create }) => quantile(create, 0.99), 25),
    figure('event to reader, median', 'ms', ({ event }) => quantile(event, 0.5), null),
    figure('event to reader, 95th percentile', 'ms', ({ event }) => quantile(event, 0.95), 500),
    figure('event loop, 99th percentile', 'ms', ({ delay }) => delay.p99Ms, 50),
    figure('event loop, longest', 'ms', ({ delay }) => delay.maxMs, null),
    figure('resident', 'MiB', ({ residentMib }) => residentMib, 400),
    figure('opening the home', 's', ({ startSeconds }) => startSeconds, 2),
  ]
}

/** The smallest sample that at least that share of them keeps to. */
function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}
