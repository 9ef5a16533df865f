import type { FakeHub, LoggedRequest } from '@windlass/testkit'

/** Bytes of bodies that the CDN has sent. */
export function cdnBytes(hub: FakeHub): number {
  return ofCdn(hub).reduce((sum, { bytesSent }) => sum + bytesSent, 0)
}

/** Connections on which the CDN is sending at this moment. */
export function openTransfers(hub: FakeHub): number {
  const open = ofCdn(hub).filter(({ end }) => end === 'open')
  return new Set(open.map(({ connection }) => connection)).size
}

export function ofCdn(hub: FakeHub): LoggedRequest[] {
  return hub.log.filter(({ role }) => role === 'cdn')
}

/** Requests for the content or the head of a file, at the Hub or at the CDN. */
export function fileRequests(hub: FakeHub): string[] {
  return hub.log
    .filter(
      ({ role, path }) => role === 'cdn' || role === 'cas' || /\/resolve(-cache)?\//.test(path),
    )
    .map(({ role, method, path }) => `${role} ${method} ${path}`)
}

/** What was asked of the Hub, without the client's question about itself. */
export function hubPaths(hub: FakeHub): string[] {
  return hub.log.map(({ path }) => path).filter((path) => path !== '/api/agent-harnesses')
}

/**
 * For each transfer, how many of its bytes a later transfer of the same file brought once more.
 * Requests of which the program got nothing count as what the kernel took from the CDN.
 */
export function bytesFetchedAgain(transfers: readonly LoggedRequest[]): number[] {
  const spans = transfers.map(spanOf)
  return spans.map((span, at) => {
    const later = spans.slice(at + 1).filter(({ path }) => path === span.path)
    return overlap(span, later)
  })
}

interface Span {
  readonly path: string
  readonly start: number
  readonly end: number
}

function spanOf({ path, range, bytesSent }: LoggedRequest): Span {
  const start = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0)
  return { path, start, end: start + bytesSent }
}

/** Bytes of `span` that are in at least one of `others`. */
function overlap(span: Span, others: readonly Span[]): number {
  let covered = 0
  let at = span.start
  for (const other of others.toSorted((a, b) => a.start - b.start)) {
    const from = Math.max(at, other.start)
    const to = Math.min(span.end, other.end)
    if (to <= from) continue
    covered += to - from
    at = to
  }
  return covered
}
