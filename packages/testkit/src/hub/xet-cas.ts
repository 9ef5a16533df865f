import { createHash } from 'node:crypto'
import type { VirtualBytes } from '../bytes/virtual-bytes.ts'
import { spanOf } from '../faults/byte-range.ts'
import { jsonReply, type Reply, type SeenRequest } from '../faults/reply.ts'
import { hubError } from './hub-error.ts'
import type { HubRepo } from './hub-repo.ts'
import type { ResolvedRevision, ResolveTargets } from './resolve-file.ts'
import { createXorb, XORB_CONTENT_BYTES, type Xorb } from './xorb.ts'

export interface XetCasOptions {
  readonly repos: ReadonlyMap<string, HubRepo>
  readonly targets: ResolveTargets
  readonly now: () => number
}

/** The store that tells a Xet client how a file is put together, and gives it the parts. */
export interface XetCas {
  /** Answers `xet-read-token` on the Hub, in headers (Python) and body (hf_xet). */
  tokenReply(at: ResolvedRevision): Reply
  /** Answers `/v1/reconstructions/{hash}` and `/v2/...`; any other path 404. */
  route(request: SeenRequest): Reply
}

const TOKEN_LIFETIME_SECONDS = 3600

/**
 * A minimal Xet store: each 64 MiB of a file is one xorb of uncompressed chunks, served by the
 * CDN. Hashes are arbitrary, because clients do not check them.
 */
export function createXetCas({ repos, targets, now }: XetCasOptions): XetCas {
  const accessToken = createHash('sha256').update(`xet:${now()}`).digest('hex')
  return {
    tokenReply() {
      const exp = Math.floor(now() / 1000) + TOKEN_LIFETIME_SECONDS
      const casUrl = targets.casUrl()
      return jsonReply(
        200,
        { accessToken, exp, casUrl },
        {
          'X-Xet-Access-Token': accessToken,
          'X-Xet-Token-Expiration': String(exp),
          'X-Xet-Cas-Url': casUrl,
        },
      )
    },
    route(request) {
      const [version, verb, hash = ''] = request.segments
      if (verb !== 'reconstructions' || (version !== 'v1' && version !== 'v2')) {
        return hubError(404, 'Not found')
      }
      if (request.headers.authorization !== `Bearer ${accessToken}`) {
        return hubError(401, 'Unauthorized')
      }
      const bytes = findByXetHash(repos, hash)
      if (bytes === undefined) return hubError(404, 'File not found')
      return reconstruct({ hash, bytes, request, version, targets })
    },
  }
}

function findByXetHash(
  repos: ReadonlyMap<string, HubRepo>,
  hash: string,
): VirtualBytes | undefined {
  for (const repo of repos.values()) {
    for (const commit of repo.commits.values()) {
      for (const file of commit.files.values()) {
        if (file.lfs?.xetHash === hash) return file.bytes
      }
    }
  }
  return undefined
}

interface Reconstruction {
  readonly hash: string
  readonly bytes: VirtualBytes
  readonly request: SeenRequest
  readonly version: 'v1' | 'v2'
  readonly targets: ResolveTargets
}

/** One term for each xorb that the asked range touches. */
function reconstruct({ hash, bytes, request, version, targets }: Reconstruction): Reply {
  const span =
    request.range === undefined
      ? { start: 0, end: bytes.sizeBytes }
      : spanOf(request.range, bytes.sizeBytes)
  if (span === undefined) return hubError(416, 'Range not satisfiable')
  const terms: XetTerm[] = []
  const first = Math.floor(span.start / XORB_CONTENT_BYTES)
  for (let at = first; at * XORB_CONTENT_BYTES < span.end; at++) {
    const xorbHash = createHash('sha256').update(`xorb:${hash}:${at}`).digest('hex')
    const xorb = createXorb(bytes, at * XORB_CONTENT_BYTES)
    const url = targets.cdn.urlOfObject(`/xorbs/default/${xorbHash}`, xorb.bytes)
    const from = Math.max(span.start - at * XORB_CONTENT_BYTES, 0)
    const to = Math.min(span.end - at * XORB_CONTENT_BYTES, xorb.contentBytes)
    const chunks = xorb.chunksOf(from, to)
    terms.push({ xorbHash, xorb, chunks, url })
  }
  const start = terms[0]?.xorb.contentStart(terms[0].chunks.start) ?? 0
  return jsonReply(200, {
    offset_into_first_range: span.start - first * XORB_CONTENT_BYTES - start,
    terms: terms.map(termFacts),
    ...(version === 'v2' ? { xorbs: xorbFacts(terms) } : { fetch_info: fetchFacts(terms) }),
  })
}

interface XetTerm {
  readonly xorbHash: string
  readonly xorb: Xorb
  /** Half-open. */
  readonly chunks: { readonly start: number; readonly end: number }
  readonly url: string
}

function termFacts({ xorbHash, xorb, chunks }: XetTerm): Record<string, unknown> {
  const unpacked = xorb.contentStart(chunks.end) - xorb.contentStart(chunks.start)
  return { hash: xorbHash, unpacked_length: unpacked, range: chunks }
}

/** Byte ranges on the wire include their last byte. */
function wireRange({ xorb, chunks }: XetTerm): { start: number; end: number } {
  return { start: xorb.wireStart(chunks.start), end: xorb.wireStart(chunks.end) - 1 }
}

function xorbFacts(terms: readonly XetTerm[]): Record<string, unknown> {
  return Object.fromEntries(
    terms.map((term) => [
      term.xorbHash,
      [{ url: term.url, ranges: [{ chunks: term.chunks, bytes: wireRange(term) }] }],
    ]),
  )
}

function fetchFacts(terms: readonly XetTerm[]): Record<string, unknown> {
  return Object.fromEntries(
    terms.map((term) => [
      term.xorbHash,
      [{ url: term.url, range: term.chunks, url_range: wireRange(term) }],
    ]),
  )
}
