import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface Asking {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | object
  /** Other than 127.0.0.1, another client of this machine. */
  readonly from?: string
}

export interface ServerAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  /** The code of a problem document; null for other answers. */
  readonly code: string | null
}

/** Headers that ask for a WebSocket. */
export const UPGRADE = {
  connection: 'upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
} as const

/** Sends one request over a connection of its own; any header goes out as it stands. */
export async function askServer(port: number, asking: Asking): Promise<ServerAnswer> {
  const { method = 'GET', path, headers = {}, body, from } = asking
  const isText = body === undefined || typeof body === 'string'
  const sent = isText ? body : JSON.stringify(body)
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(
      {
        port,
        host: '127.0.0.1',
        method,
        path,
        agent: false,
        ...(from === undefined ? {} : { localAddress: from }),
        headers: {
          ...(isText ? {} : { 'content-type': 'application/json' }),
          // Node leaves it out for methods that seldom have a body.
          ...(sent === undefined ? {} : { 'content-length': String(Buffer.byteLength(sent)) }),
          // Node's own types ask for an array that can be changed.
          ...(headers as Record<string, string | string[]>),
        },
      },
      resolve,
    )
    outgoing.on('error', reject)
    // Without a listener Node would leave an accepted upgrade without an answer.
    outgoing.on('upgrade', (answer, socket) => {
      socket.destroy()
      resolve(answer)
    })
    outgoing.end(sent)
  })
  const answered = isEndless(answer) ? '' : await text(answer)
  if (isEndless(answer)) answer.destroy()
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    text: answered,
    code: problemCode(answer, answered),
  }
}

function isEndless({ statusCode, headers }: IncomingMessage): boolean {
  return statusCode === 101 || headers['content-type']?.startsWith('text/event-stream') === true
}

function problemCode(answer: IncomingMessage, body: string): string | null {
  const type = String(answer.headers['content-type'])
  // The answer to a HEAD has a type and no body.
  if (!type.startsWith('application/problem+json') || body === '') return null
  return (JSON.parse(body) as { code: string }).code
}
