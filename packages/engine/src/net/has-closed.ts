/** An answer that cannot be read is no stale connection: asking again would bring the same one. */
const CLOSED = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

/** Whether a connection ended before it brought an answer. */
export function hasClosed(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return 'code' in error && typeof error.code === 'string' && CLOSED.has(error.code)
}
