import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { assert, expect, it, onTestFinished } from 'vitest'
import { clientOf, isUnixSocket, noteArrival } from './arrival.ts'

it('takes a connection that is gone for what it was, and not for a Unix socket', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  // A TCP server has an address with a port.
  const { port } = server.address() as AddressInfo
  const client = connect(port, '127.0.0.1')
  const [socket]: Socket[] = await once(server, 'connection')
  assert(socket !== undefined)
  noteArrival(socket)
  client.destroy()
  socket.destroy()
  await once(socket, 'close')
  assert(socket.localPort === undefined, 'Node forgets where a closed connection was')
  expect([isUnixSocket(socket), clientOf(socket)]).toEqual([false, '127.0.0.1'])
})
