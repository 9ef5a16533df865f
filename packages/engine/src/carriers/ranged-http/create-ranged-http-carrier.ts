import { rm } from 'node:fs/promises'
import type { HttpClient } from '../../net/http-client.ts'
import type { EnginePorts } from '../../ports.ts'
import type { Carrier } from '../carrier.ts'
import { BufferPool } from './buffer-pool.ts'
import { createTurns } from './create-turns.ts'
import { HostMemory } from './host-memory.ts'
import { transferFile } from './transfer-file.ts'

const SYNCS_AT_ONCE = 2
/** 1 TiB: the largest files of models have half of it. */
const UNKNOWN_SIZE_LIMIT = 2 ** 40
/** A CDN may refuse to answer with more than 20 GB or so at once, however it is asked for. */
const LONGEST_RANGE = 16 * 2 ** 30

export interface RangedHttpOptions extends Pick<EnginePorts, 'clock' | 'log' | 'bootId'> {
  readonly http: Pick<HttpClient, 'open' | 'noteRest'>
  /** Bytes at most of a file whose size nobody tells; twice the largest known unless given. */
  readonly unknownSizeLimit?: number
  /** Bytes at most that one request asks for; what is missing then is asked for next. */
  readonly longestRange?: number
}

/**
 * Fetches files by HTTP ranges and continues them at the byte, across failures, crashes
 * and power cuts.
 *
 * `transfer` rejects with LINK_EXPIRED, SOURCE_CHANGED, SOURCE_GONE, SIZE_MISMATCH, SIZE_LIMIT,
 * RANGE_MISMATCH, ENCODING_UNEXPECTED, CONTENT_UNEXPECTED, NET_SHORT_BODY, PARTIAL_LOST,
 * the code of a status, what the source's judge throws, and the system's own errors.
 */
export function createRangedHttpCarrier(options: RangedHttpOptions): Carrier {
  const hosts = new HostMemory(options.clock)
  const buffers = new BufferPool()
  const { unknownSizeLimit = UNKNOWN_SIZE_LIMIT, longestRange = LONGEST_RANGE } = options
  const syncTurn = createTurns(SYNCS_AT_ONCE)
  const deps = { ...options, unknownSizeLimit, longestRange, hosts, buffers, syncTurn }
  return {
    id: 'ranged-http',
    transfer: (request, { signal }) => transferFile(deps, request, signal),
    async discard({ partPath, journalPath }) {
      // Without its journal nobody believes in the bytes, so it goes first.
      await rm(journalPath, { force: true })
      await rm(partPath, { force: true })
    },
  }
}
