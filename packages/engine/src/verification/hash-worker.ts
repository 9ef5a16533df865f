import { parentPort } from 'node:worker_threads'
import { HashJob } from './hash-job.ts'
import type { HashReply, HashRequest } from './hash-messages.ts'

/** Read at a time. The files take turns after each, so that a small one never waits for a large one. */
const PIECE_BYTES = 1024 * 1024
/** Progress is told in steps of this size, to those who asked. */
const TOLD_BYTES = 16 * 1024 * 1024

/** The hashing thread: follows files behind the bytes that are complete, and answers with digests. */
const port = parentPort
if (port === null) throw new TypeError('hash-worker.ts runs in a worker thread only')

const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES)
const jobs = new Map<number, HashJob>()
/** Jobs with something to do, in the order of their turns. */
const turns = new Set<number>()
/** Bytes that were told of, of jobs whose progress is asked for. */
const told = new Map<number, number>()
let isScheduled = false

function receive(request: HashRequest): void {
  const { id } = request
  const job = jobs.get(id)
  switch (request.type) {
    case 'open':
      jobs.set(id, new HashJob(request))
      return
    case 'advance':
      job?.advance(request.contiguousBytes)
      break
    case 'restart':
      job?.restart()
      return
    case 'finish':
      job?.finish(request.sizeBytes)
      if (request.tellsProgress) told.set(id, 0)
      break
    case 'dispose':
      job?.close()
      jobs.delete(id)
      turns.delete(id)
      told.delete(id)
      return
  }
  turns.add(id)
  schedule()
}

function schedule(): void {
  if (isScheduled || turns.size === 0) return
  isScheduled = true
  // Between two pieces the thread hears what it is told meanwhile.
  setImmediate(takeTurn)
}

function takeTurn(): void {
  isScheduled = false
  const [id] = turns
  if (id === undefined) return
  turns.delete(id)
  const job = jobs.get(id)
  const step = job?.step(buffer) ?? { kind: 'idle' }
  if (step.kind === 'more') turns.add(id)
  tellProgress(id, job?.hashedBytes ?? 0)
  if (step.kind === 'finished') reply({ type: 'finished', id, hex: step.hex })
  if (step.kind === 'failed') reply({ type: 'failed', id, failure: step.failure })
  schedule()
}

function tellProgress(id: number, hashedBytes: number): void {
  const last = told.get(id)
  if (last === undefined || hashedBytes - last < TOLD_BYTES) return
  told.set(id, hashedBytes)
  reply({ type: 'progress', id, hashedBytes })
}

function reply(message: HashReply): void {
  port?.postMessage(message)
}

port.on('message', receive)
