import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { type ConnectorOptions, createConnector } from './create-connector.ts'

const cleanUps: (() => unknown)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) cleanUp()
})

async function listener() {
  const seen = { bytes: 0, closed: false }
  const server = createServer((socket) => {
    socket.on('error', () => {}).on('data', (piece) => (seen.bytes += piece.length))
    socket.on('close', () => (seen.closed = true))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => server.close())
  return { port: (server.address() as AddressInfo).port, seen } // a listening TCP server has one
}

function open(options: Partial<ConnectorOptions>, hostname: string, port: number) {
  const connector = createConnector({
    lookup: async () => [{ address: '8.8.8.8', family: 4 }],
    accepts: (address) => address === '8.8.8.8',
    timeoutMs: 1000,
    ...options,
  })
  return new Promise<Socket>((resolve, reject) => {
    const target = { hostname, host: `${hostname}:${port}`, protocol: 'http:', port: String(port) }
    connector(target, (error, socket) => (error === null ? resolve(socket) : reject(error)))
  })
}

it('lets go of a connection that ended somewhere else than it was meant to', async () => {
  const { port, seen } = await listener()
  const build: ConnectorOptions['build'] = () => (_, callback) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => callback(null, socket))
  }
  await expect(open({ build }, 'models.example.org', port)).rejects.toMatchObject({
    code: 'URL_BLOCKED',
  })
  await expect.poll(() => seen).toEqual({ bytes: 0, closed: true })
})

it('takes a connection that was reset in the meantime for a reset one', async () => {
  const build: ConnectorOptions['build'] = () => (_, callback) => {
    const socket = connect({ host: '127.0.0.1', port: 1 }).on('error', () => {})
    socket.once('close', () => callback(null, socket))
  }
  await expect(open({ build }, 'models.example.org', 1)).rejects.toMatchObject({
    code: 'NET_RESET',
  })
})

it('fails when no connection can even be begun', async () => {
  const refusal = new TypeError('no such option')
  const build: ConnectorOptions['build'] = () => () => {
    throw refusal
  }
  await expect(open({ build }, 'models.example.org', 1)).rejects.toBe(refusal)
})

it('judges an IP literal, which Node connects to without a look-up', async () => {
  const { port, seen } = await listener()
  const lookup = () => expect.unreachable('a literal is not looked up')
  await expect(open({ lookup }, '127.0.0.1', port)).rejects.toMatchObject({ code: 'URL_BLOCKED' })
  const socket = await open({ lookup, accepts: () => true }, '127.0.0.1', port)
  socket.end('x')
  await expect.poll(() => seen).toEqual({ bytes: 1, closed: true })
})
