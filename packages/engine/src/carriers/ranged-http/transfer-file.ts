import { ERROR_CODES } from '@windlass/contract'
import type { HttpClient } from '../../net/http-client.ts'
import type { EnginePorts } from '../../ports.ts'
import { StopRequest } from '../../runtime/stop-request.ts'
import type { TransferRequest } from '../carrier.ts'
import type { BufferPool } from './buffer-pool.ts'
import { ConnectionCrew } from './connection-crew.ts'
import type { FileFetch } from './fetch-range.ts'
import { FileLink } from './file-link.ts'
import type { HostMemory } from './host-memory.ts'
import { PartFile } from './part-file.ts'
import { SegmentPlan } from './segment-plan.ts'

export interface TransferDeps extends Pick<EnginePorts, 'clock' | 'log' | 'bootId'> {
  readonly http: Pick<HttpClient, 'open' | 'noteRest'>
  readonly hosts: HostMemory
  /** Bytes at most of a file whose size nobody tells. */
  readonly unknownSizeLimit: number
  readonly longestRange: number
  readonly buffers: BufferPool
  /** Runs a sync when it is its turn. */
  readonly syncTurn: <T>(sync: () => Promise<T>) => Promise<T>
}

const FRESH = { uselessAnswers: 0, isUnproven: false, hasBegunAnew: false }

/** Brings the missing bytes of one file into its part file: one attempt. */
export async function transferFile(
  deps: TransferDeps,
  request: TransferRequest,
  signal: AbortSignal,
): Promise<{ readonly sizeBytes: number }> {
  signal.throwIfAborted()
  const part = await openPartFile(deps, request)
  try {
    await fill(deps, request, part, signal)
    await part.confirm()
  } catch (error) {
    await closeAfter(signal.aborted ? signal.reason : error, part, deps)
    signal.throwIfAborted()
    throw error
  }
  const sizeBytes = part.receivedBytes
  await part.close({ durably: false })
  return { sizeBytes }
}

async function openPartFile(deps: TransferDeps, request: TransferRequest): Promise<PartFile> {
  const { file, identity, staged, onProgress, onFrontier, onNotice } = request
  const { part, lost } = await PartFile.open({
    staged,
    identity,
    sizeBytes: file.sizeBytes,
    bootId: deps.bootId(),
    clock: deps.clock,
    syncTurn: deps.syncTurn,
    onBytes({ received, contiguous }) {
      onProgress(received)
      onFrontier(contiguous)
    },
  })
  if (lost) {
    const { message } = ERROR_CODES.PARTIAL_LOST
    onNotice({ code: 'PARTIAL_LOST', message, path: file.path })
  }
  return part
}

async function fill(
  deps: TransferDeps,
  request: TransferRequest,
  part: PartFile,
  signal: AbortSignal,
): Promise<void> {
  // A complete file needs no host, and neither does an empty one.
  if (part.isComplete) return
  const origin = await request.locate({ signal })
  const { path } = request.file
  const servedBefore = (): boolean => part.receivedBytes > 0
  const link = new FileLink({ http: deps.http, origin, path, servedBefore })
  const { clock, hosts, buffers, unknownSizeLimit, longestRange } = deps
  const { host } = origin.url
  while (!part.isComplete) {
    signal.throwIfAborted()
    const monotonicMs = (): number => clock.monotonicMs()
    const plan = new SegmentPlan({ missing: part.missing(), monotonicMs })
    const fetch: FileFetch = {
      request,
      part,
      plan,
      link,
      host,
      hosts,
      buffers,
      clock,
      unknownSizeLimit,
      longestRange,
      ...FRESH,
    }
    try {
      await new ConnectionCrew(fetch, clock).work(signal)
    } catch (error) {
      if (fetch.isUnproven) await dropUnproven(part, deps)
      throw error
    }
  }
}

/** Nobody can go on behind bytes of an unknown version, however the next attempt is answered. */
async function dropUnproven(part: PartFile, { log }: TransferDeps): Promise<void> {
  try {
    await part.restart()
  } catch (error) {
    log.warn({ err: error }, 'could not drop the bytes of an unknown version')
  }
}

/** The first failure is the one to tell; what closing adds to it goes to the log. */
async function closeAfter(error: unknown, part: PartFile, { log }: TransferDeps): Promise<void> {
  const isCancel = error instanceof StopRequest && error.intent === 'cancel'
  const isPause = error instanceof StopRequest && !isCancel
  try {
    await part.close({ durably: isPause })
  } catch (closing) {
    log.warn({ err: closing }, 'could not record what of an unfinished file is there')
  }
}
