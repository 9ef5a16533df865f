import assert from 'node:assert/strict'
import { parseEvent, type WindlassEvent } from '@windlass/contract'

/** A reader of events on a WebSocket. */
export interface SocketReader {
  /** Waits for that many events and returns all so far. */
  events(count: number): Promise<readonly WindlassEvent[]>
  say(message: string): void
  /** Waits until the server ends the connection; returns the code that it gave. */
  ended(): Promise<number>
  leave(): void
}

/** Opens a WebSocket and collects what it says. */
export async function readSocket(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<SocketReader> {
  const socket = new WebSocket(url, { headers: { ...headers } })
  const events: WindlassEvent[] = []
  const ended = Promise.withResolvers<number>()
  let heard = Promise.withResolvers<void>()
  socket.addEventListener('message', ({ data }) => {
    events.push(parseEvent(JSON.parse(String(data))))
    heard.resolve()
    heard = Promise.withResolvers()
  })
  socket.addEventListener('close', ({ code }) => {
    ended.resolve(code)
    heard.resolve()
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error(`${url} refuses a WebSocket`)))
  })
  return {
    async events(count) {
      while (events.length < count) {
        assert.equal(socket.readyState, WebSocket.OPEN, `ended after ${events.length} events`)
        await heard.promise
      }
      return [...events]
    },
    say: (message) => socket.send(message),
    ended: () => ended.promise,
    leave: () => socket.close(),
  }
}
