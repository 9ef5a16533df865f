import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A listener that nobody may ever reach: every address of this machine, one port. */
export interface Canary extends AsyncDisposable {
  readonly port: number
  /** Connections that were made to it, whatever they sent. */
  readonly connections: number
}

export async function startCanary(host = '::', port = 0): Promise<Canary> {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await listen(server, host, port)
  return {
    port: (server.address() as AddressInfo).port, // a listening TCP server has one
    get connections() {
      return connections
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** `::` takes IPv4 too; a machine without IPv6 has `0.0.0.0` alone. */
async function listen(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('listening', resolve).once('error', reject).listen({ host, port })
  try {
    await promise
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException // Node's own shape
    if (host !== '::' || (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT')) throw error
    await listen(server, '0.0.0.0', port)
  }
}

/** Connects as anybody could; false when nothing listens there. */
export async function canReach(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port })
  const { promise, resolve } = Promise.withResolvers<boolean>()
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  const reached = await promise
  socket.destroy()
  return reached
}
