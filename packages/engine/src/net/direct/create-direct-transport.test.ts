import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import { classify } from '../../errors/classify.ts'
import { StopRequest } from '../../runtime/stop-request.ts'
import { lookUpBySystem } from '../egress/look-up-name.ts'
import type { HttpResponse } from '../http-client.ts'
import type { HttpTimeouts, Transport } from '../transport.ts'
import { createDirectTransport } from './create-direct-transport.ts'

const cleanUps: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

const HEAD = 'HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\n'

interface Host {
  readonly url: URL
  /** Requests, each with the number of its connection. */
  readonly asked: { readonly path: string; readonly connection: number }[]
  readonly sockets: Socket[]
}

/** A host that speaks raw bytes: `answer` is called with each request's connection and path. */
async function startHost(answer: (socket: Socket, path: string) => void): Promise<Host> {
  const host = { asked: [] as Host['asked'], sockets: [] as Socket[] }
  const server = createServer({ noDelay: true }, (socket) => {
    const connection = host.sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (text) => {
      const path = String(text).split(' ')[1] ?? ''
      host.asked.push({ path, connection })
      answer(socket, path)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(() => {
    for (const socket of host.sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo // a listening TCP server has one
  return { ...host, url: new URL(`http://127.0.0.1:${port}/`) }
}

function open(timeouts: Partial<HttpTimeouts> = {}, connectionsPerOrigin: number | null = null) {
  const transport = createDirectTransport({
    lookup: lookUpBySystem,
    accepts: () => true,
    timeouts: { connectMs: 1000, headersMs: 1000, bodyMs: 1000, ...timeouts },
    connectionsPerOrigin,
  })
  cleanUps.push(() => transport.close())
  return transport
}

const send = (
  transport: Transport,
  { url }: Host,
  path = '/',
  signal = new AbortController().signal,
) => transport.send({ url: new URL(path, url), method: 'GET', headers: {}, signal })

async function read(response: HttpResponse): Promise<string> {
  let all = ''
  for await (const chunk of response.body) all += chunk.toString()
  return all
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => classify(error).code,
  )

it('gives the same answer however its bytes are split into reads', async () => {
  const plain = `HTTP/1.1 103 Early Hints\r\n\r\n${HEAD}model`
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nmodel\r\n0\r\n\r\n'
  const cuts: number[] = []
  let text = plain
  const inPieces = async (socket: Socket): Promise<void> => {
    for (const [index, start] of [0, ...cuts].entries()) {
      socket.write(text.slice(start, cuts[index] ?? text.length))
      // The next piece is read by itself.
      await new Promise(setImmediate)
    }
  }
  const host = await startHost((socket) => void inPieces(socket))
  const transport = open()
  const splits = fc.uniqueArray(fc.integer({ min: 1, max: plain.length - 1 }), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(splits, fc.constantFrom(plain, chunked), async (at, answer) => {
      text = answer
      cuts.splice(
        0,
        cuts.length,
        ...at.filter((one) => one < answer.length).toSorted((a, b) => a - b),
      )
      expect(await read(await send(transport, host))).toBe('model')
    }),
    { numRuns: 60 },
  )
  expect(host.sockets).toHaveLength(1)
})

it('tells a body that is cut at any byte from a whole one', async () => {
  const whole = `${HEAD}model`
  const host = await startHost((socket, path) => socket.end(whole.slice(0, Number(path.slice(1)))))
  const transport = open()
  for (let end = 0; end < whole.length; end++) {
    expect(await codeOf(send(transport, host, `/${end}`).then(read)), `${end}`).toBe('NET_RESET')
  }
  expect(await read(await send(transport, host, `/${whole.length}`))).toBe('model')
})

it('uses the connection that was used last, and opens no more than it needs', async () => {
  const host = await startHost((socket) => socket.write(`${HEAD}model`))
  const transport = open()
  const pair = await Promise.all([send(transport, host), send(transport, host)])
  for (const response of pair) await read(response)
  const last = host.asked.length
  for (let n = 0; n < 4; n++) await read(await send(transport, host))
  expect(host.sockets).toHaveLength(2)
  expect(new Set(host.asked.slice(last).map(({ connection }) => connection)).size).toBe(1)
})

it('waits for a connection where only so many are allowed', async () => {
  const host = await startHost((socket) => socket.write(`${HEAD}model`))
  const transport = open({}, 1)
  const bodies = Array.from({ length: 5 }, async () => read(await send(transport, host)))
  expect(await Promise.all(bodies)).toEqual(Array(5).fill('model'))
  expect(host.sockets).toHaveLength(1)
})

it('asks once more when a kept connection was closed, over a new one though others are kept', async () => {
  const host = await startHost((socket, path) => {
    if (path === '/old' || host.asked.length > 4) socket.write(`${HEAD}model`)
    else socket.destroy()
  })
  const transport = open()
  const old = await Promise.all(Array.from({ length: 3 }, () => send(transport, host, '/old')))
  for (const response of old) await read(response)
  expect(await read(await send(transport, host, '/new'))).toBe('model')
  expect(host.asked.slice(3).map(({ connection }) => connection > 3)).toEqual([false, true])
})

it.each(['excess', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'])(
  'does not use a connection again on which more than the body came: %s',
  async (excess) => {
    const host = await startHost((socket, path) => {
      socket.write(path === '/more' ? `${HEAD}model${excess}` : `${HEAD}right`)
    })
    const transport = open()
    expect(await read(await send(transport, host, '/more'))).toBe('model')
    expect(await read(await send(transport, host))).toBe('right')
    expect(host.sockets).toHaveLength(2)
  },
)

it('closes the connection at once when it is stopped, before the head and in the body', async () => {
  const host = await startHost((socket, path) => void (path === '/body' && socket.write(HEAD)))
  for (const path of ['/head', '/body']) {
    const stop = new AbortController()
    const reading = send(open(), host, path, stop.signal).then(read)
    const outcome = expect(reading).rejects.toBeInstanceOf(StopRequest)
    await expect.poll(() => host.asked.at(-1)?.path).toBe(path)
    const closed = once(host.sockets.at(-1) as Socket, 'close')
    stop.abort(new StopRequest('pause'))
    await Promise.all([outcome, closed])
  }
})

it('gives up a host that sends no head, or whose body stands still, by name', async () => {
  const host = await startHost((socket, path) => void (path === '/body' && socket.write(HEAD)))
  const transport = open({ headersMs: 50, bodyMs: 50 })
  expect(await codeOf(send(transport, host, '/head'))).toBe('NET_TIMEOUT')
  expect(await codeOf(send(transport, host, '/body').then(read))).toBe('NET_STALL')
})

it('stops reading while its sink is behind, so that TCP slows the host down', async () => {
  const sizeBytes = 64 * 1024 * 1024
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${sizeBytes}\r\n\r\n`
  const host = await startHost((socket) => {
    socket.write(head)
    socket.write(Buffer.alloc(sizeBytes, 7))
  })
  // Shorter than the wait: a body that is held back stands still for nobody else's fault.
  const response = await send(open({ bodyMs: 100 }), host)
  const room = Buffer.alloc(256 * 1024)
  const behind = Promise.withResolvers<void>()
  const over = Promise.withResolvers<void>()
  let bytes = 0
  response.body.pour({
    room: () => room,
    filled(count) {
      bytes += count
      return bytes === count ? behind.promise : null
    },
    ended: () => over.resolve(),
    failed: (error) => over.reject(error),
  })
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(bytes).toBeLessThanOrEqual(room.length)
  behind.resolve()
  await over.promise
  expect(bytes).toBe(sizeBytes)
  expect(room.every((byte) => byte === 7)).toBe(true)
})

it('leaves no connection open when it is closed', async () => {
  const host = await startHost(
    (socket, path) => void socket.write(path === '/half' ? HEAD : `${HEAD}model`),
  )
  const transport = open()
  const half = await send(transport, host, '/half')
  await read(await send(transport, host))
  const closed = Promise.all(host.sockets.map((socket) => once(socket, 'close')))
  await transport.close()
  await closed
  expect(await codeOf(read(half))).toBe('INTERNAL')
})

it('notices what comes behind a large body before it asks again', async () => {
  const large = 'm'.repeat(1024 * 1024)
  const host = await startHost((socket, path) => {
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${large.length}\r\n\r\n`
    socket.write(path === '/more' ? `${head}${large}${HEAD}wrong` : `${HEAD}right`)
  })
  for (let n = 0; n < 5; n++) {
    const transport = open()
    const next = send(transport, host, '/more').then(async (response) => {
      expect((await read(response)).length).toBe(large.length)
      return send(transport, host)
    })
    expect(await read(await next)).toBe('right')
  }
})
