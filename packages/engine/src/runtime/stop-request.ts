import { WindlassError } from '../errors/windlass-error.ts'

export type StopIntent = 'pause' | 'cancel' | 'shutdown'

/** Why work was stopped. Always the `reason` of the signal, so `catch` can tell a pause from a bug. */
export class StopRequest extends Error {
  override readonly name = 'StopRequest'
  readonly intent: StopIntent

  constructor(intent: StopIntent) {
    super(`Asked to ${intent}`)
    this.intent = intent
  }
}

/**
 * What a stopped run was stopped for; null when it was not stopped.
 * @throws WindlassError INTERNAL when somebody aborted without a StopRequest
 */
export function stopIntent(signal: AbortSignal): StopIntent | null {
  if (!signal.aborted) return null
  if (signal.reason instanceof StopRequest) return signal.reason.intent
  throw new WindlassError('INTERNAL', {
    detail: 'aborted without a StopRequest',
    cause: signal.reason,
  })
}

/**
 * Gives `body` a controller that follows `parent` and can also be aborted on its own.
 * The link is undone when `body` settles: a listener left on a long-lived parent
 * keeps every finished child in memory.
 */
export async function withChildSignal<T>(
  parent: AbortSignal,
  body: (child: AbortController) => Promise<T>,
): Promise<T> {
  parent.throwIfAborted()
  const child = new AbortController()
  const follow = (): void => child.abort(parent.reason)
  parent.addEventListener('abort', follow, { once: true })
  try {
    return await body(child)
  } finally {
    parent.removeEventListener('abort', follow)
  }
}
