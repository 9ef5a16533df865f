/** Waits for `promise`, or rejects with the signal's reason as soon as it aborts. */
export async function untilAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    signal.throwIfAborted()
    return await Promise.race([promise, stopped])
  } finally {
    signal.removeEventListener('abort', stop)
    // Whoever stopped waiting is told of nothing more.
    promise.catch(() => {})
  }
}
