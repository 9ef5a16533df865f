import type { Dispatcher } from 'undici'
import { untilAbort } from '../verification/until-abort.ts'
import type { HttpResponse } from './http-client.ts'
import { streamBody } from './stream-body.ts'
import type { OutgoingRequest } from './transport.ts'

/** Sends `request` over `dispatcher`, which reads the answer. */
export async function sendByUndici(
  dispatcher: Dispatcher,
  { url, method, headers, signal }: OutgoingRequest,
  { onEnd }: { readonly onEnd?: () => void } = {},
): Promise<HttpResponse> {
  const path = url.pathname + url.search
  const asking = dispatcher.request({ origin: url.origin, path, method, headers, signal })
  const answer = await untilStopped(asking, signal)
  if (onEnd !== undefined) answer.body.once('end', onEnd)
  return { url, status: answer.statusCode, headers: answer.headers, body: streamBody(answer.body) }
}

/** undici itself hears of a stop only when the connection stands, which may take its whole time limit. */
async function untilStopped(
  asking: Promise<Dispatcher.ResponseData>,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  try {
    return await untilAbort(asking, signal)
  } catch (error) {
    // An answer that comes all the same is nobody's.
    asking.then(
      ({ body }) => body.on('error', () => {}).destroy(),
      () => {},
    )
    throw error
  }
}
