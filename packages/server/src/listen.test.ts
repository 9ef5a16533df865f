import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Listener, listenOnPort } from './listen.ts'
import { askServer } from './testing/ask-server.ts'
import { openTestApp, type TestApp, TOKEN } from './testing/test-app.ts'

const MOST_OF_ONE = 1024

let test: TestApp
let listener: Listener
let port: number
let sockets: Socket[]
beforeEach(async () => {
  test = await openTestApp()
  listener = await listenOnPort(test.served, { host: '127.0.0.1', port: 0 })
  port = Number(listener.port)
  sockets = []
})
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await test.app.close()
  await listener.close()
})

async function open(from: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from })
  socket.on('error', () => undefined)
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

it('gives one client 1024 connections, and others theirs', { timeout: 30_000 }, async () => {
  for (let n = 0; n < MOST_OF_ONE; n++) await open('127.0.0.3')
  const tooMany = await open('127.0.0.3')
  await once(tooMany, 'close')
  const headers = { host: `localhost:${port}`, authorization: `Bearer ${TOKEN}` }
  const asking = { path: '/api/health', headers }
  expect((await askServer(port, { ...asking, from: '127.0.0.4' })).status).toBe(200)
  await expect(askServer(port, { ...asking, from: '127.0.0.3' })).rejects.toThrow()
  const [first] = sockets
  first?.destroy()
  // The place is free once the server has seen the end of the connection.
  for (;;) {
    const answer = await askServer(port, { ...asking, from: '127.0.0.3' }).catch(() => null)
    if (answer?.status === 200) break
  }
})
