import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

/** How a proxy treats what it is asked. */
export type ProxyManner = 'forward' | 'wants-password' | 'refuses' | 'hangs-up'

export interface ChaosProxy {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** What it was asked, such as `CONNECT host:443` or `GET http://host/`, in order. */
  readonly log: readonly string[]
  /** From the next request on; a function is asked at each. */
  use(manner: ProxyManner | (() => ProxyManner)): void
  close(): Promise<void>
}

const REFUSALS = { 'wants-password': '407 Proxy Authentication Required', refuses: '403 Forbidden' }

/** Starts a forward proxy for plain requests and tunnels, on a loopback port of its own. */
export async function startChaosProxy(first: ProxyManner = 'forward'): Promise<ChaosProxy> {
  let current = () => first
  const log: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((asked, response) => {
    log.push(`${asked.method} ${asked.url}`)
    const manner = current()
    if (manner === 'hangs-up') asked.socket.destroy()
    else if (manner === 'forward') forward(asked, response)
    else response.writeHead(Number.parseInt(REFUSALS[manner], 10), challenge(manner)).end()
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })
  server.on('connect', (asked: IncomingMessage, socket: Socket) => {
    log.push(`CONNECT ${asked.url}`)
    const manner = current()
    if (manner === 'hangs-up') socket.destroy()
    else if (manner === 'forward') sockets.add(tunnel(asked.url ?? '', socket))
    else socket.end(`HTTP/1.1 ${REFUSALS[manner]}\r\nContent-Length: 0\r\n\r\n`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A TCP server that listens has an address with a port.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    log,
    use(next) {
      current = typeof next === 'function' ? next : () => next
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function challenge(manner: ProxyManner): Record<string, string> {
  return manner === 'wants-password' ? { 'Proxy-Authenticate': 'Basic realm="test"' } : {}
}

function forward(asked: IncomingMessage, response: ServerResponse): void {
  const { method, headers, url = '' } = asked
  const onward = request(url, { method: method ?? 'GET', headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
    answer.on('error', () => response.destroy())
  })
  onward.on('error', () => response.destroy())
  asked.pipe(onward)
}

function tunnel(authority: string, socket: Socket): Socket {
  const { hostname, port } = new URL(`http://${authority}`)
  const onward = connect({ host: hostname.replace(/[[\]]/g, ''), port: Number(port || 80) }, () => {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    socket.pipe(onward).pipe(socket)
  })
  onward.on('error', () => socket.destroy())
  socket.on('close', () => onward.destroy())
  return onward
}
