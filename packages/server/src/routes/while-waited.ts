import { StopRequest, WindlassError } from '@windlass/engine'
import type { FastifyReply } from 'fastify'

/**
 * Runs work for as long as somebody waits for the answer: its signal aborts when the
 * client goes away or the server closes.
 * @throws WindlassError SERVER_CLOSING, NET_RESET when the client went away, and what `work` throws
 */
export async function whileWaited<T>(
  reply: FastifyReply,
  closing: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const gone = (): void => controller.abort(new StopRequest('cancel'))
  const close = (): void => controller.abort(closing.reason)
  reply.raw.once('close', gone)
  closing.addEventListener('abort', close, { once: true })
  try {
    if (closing.aborted) close()
    return await work(controller.signal)
  } catch (error) {
    if (closing.aborted) throw new WindlassError('SERVER_CLOSING', { cause: error })
    if (controller.signal.aborted) throw new WindlassError('NET_RESET', { cause: error })
    throw error
  } finally {
    reply.raw.off('close', gone)
    closing.removeEventListener('abort', close)
  }
}
