import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Relay, startRelay } from './start-relay.ts'

const BODY = Buffer.alloc(300_000, 'x')
let server: Server
let target: URL
let relay: Relay | undefined

beforeEach(async () => {
  server = createServer((socket) => {
    // A relay that is closed resets what it still has.
    socket.on('error', () => socket.destroy())
    socket.once('data', () => socket.end(BODY))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  target = new URL(`http://127.0.0.1:${address.port}`)
})

afterEach(async () => {
  await relay?.close()
  server.close()
})

/** Asks for the body, and takes what comes. */
function ask(): { readonly received: () => number; readonly ended: Promise<unknown> } {
  const socket = connect(Number(relay?.url.port), '127.0.0.1')
  let bytes = 0
  socket.on('data', (chunk) => {
    bytes += chunk.length
  })
  socket.write('please')
  return { received: () => bytes, ended: once(socket, 'close') }
}

test('each connection has the speed, however many there are', async () => {
  relay = await startRelay({ target, bytesPerSecond: 1_000_000 })
  const start = performance.now()
  const asked = [ask(), ask(), ask()]
  await Promise.all(asked.map(({ ended }) => ended))
  const tookMs = performance.now() - start
  expect(asked.map(({ received }) => received())).toEqual([300_000, 300_000, 300_000])
  // The last chunk of 64 KiB is not waited for, and 50 ms are credit.
  expect(tookMs).toBeGreaterThan(180)
})

test('stops after so many bytes and says so', async () => {
  relay = await startRelay({ target, stopAfterBytes: 100_000 })
  const asked = ask()
  await relay.stopped
  await relay.close()
  await asked.ended
  expect(asked.received()).toBeLessThanOrEqual(100_000)
  relay = undefined
})
