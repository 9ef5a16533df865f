/**
 * Notes on a failure of the network which host it was about, for the message: neither Node nor
 * undici says so of a connection that broke. What is no such failure stays as it is.
 */
export function namingHost(error: unknown, { host }: URL): unknown {
  if (error instanceof Error && 'code' in error && !('host' in error))
    Object.assign(error, { host })
  return error
}
