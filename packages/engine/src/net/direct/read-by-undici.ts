import { Client } from 'undici'
import type { HttpResponse } from '../http-client.ts'
import { sendByUndici } from '../send-by-undici.ts'
import { type HttpTimeouts, MAX_HEADER_BYTES, type OutgoingRequest } from '../transport.ts'
import type { ReplayedSocket } from './replayed-socket.ts'

/** Has undici read an answer to `request` that is not plain, and decide whether its connection is of further use. */
export async function readByUndici(
  request: OutgoingRequest,
  socket: ReplayedSocket,
  { headersMs, bodyMs }: HttpTimeouts,
): Promise<HttpResponse> {
  const client = new Client(request.url.origin, {
    allowH2: false,
    headersTimeout: headersMs,
    bodyTimeout: bodyMs,
    maxHeaderSize: MAX_HEADER_BYTES,
    // undici expects no answer before it has returned.
    connect: (_, callback) => queueMicrotask(() => callback(null, socket)),
  })
  const onEnd = (): void => {
    // undici has closed by now what it would not use again.
    socket.giveBack()
    void client.destroy()
  }
  try {
    return await sendByUndici(client, request, { onEnd })
  } catch (error) {
    void client.destroy()
    throw error
  }
}
