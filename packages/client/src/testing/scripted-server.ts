import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Answers one request by hand. */
export type Answer = (response: ServerResponse, request: SeenRequest) => void | Promise<void>

export interface ScriptedServer {
  readonly baseUrl: string
  readonly seen: readonly SeenRequest[]
  close(): Promise<void>
}

/** A real HTTP server that gives the answers in turn, and the last one again and again. */
export async function scriptedServer(...answers: readonly Answer[]): Promise<ScriptedServer> {
  const seen: SeenRequest[] = []
  const server = createServer(async (incoming, response) => {
    const request = await readRequest(incoming)
    const answer = answers[Math.min(seen.length, answers.length - 1)]
    seen.push(request)
    await answer?.(response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A TCP server has an address with a port.
  const { port } = server.address() as AddressInfo
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    seen,
    async close() {
      server.close()
      server.closeAllConnections()
      if (server.listening) await once(server, 'close')
    },
  }
}

async function readRequest(incoming: IncomingMessage): Promise<SeenRequest> {
  let body = ''
  for await (const piece of incoming.setEncoding('utf8')) body += piece
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers: incoming.headers,
    body,
  }
}

/** Answers with JSON. */
export function json(status: number, body: unknown): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
}

/** Answers with the pieces of an event stream, then ends it, cuts it, or leaves it open. */
export function stream(pieces: readonly string[], then: 'end' | 'cut' | 'stay'): Answer {
  return async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const piece of pieces) await new Promise((resolve) => response.write(piece, resolve))
    if (then === 'end') response.end()
    if (then === 'cut') response.destroy()
  }
}
