import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Download, LoggedEventMap, PassingEventMap } from '@windlass/contract'

export interface LiveServer {
  readonly baseUrl: string
  /** `METHOD path` of each request, and the `Last-Event-ID` of those that sent one. */
  readonly asked: readonly string[]
  /** Answers so many looks at the download with 503. */
  refuse(looks: number): void
  /** Calls `then` at each such request, `METHOD path`. */
  on(line: string, then: () => void): void
  /** Resolves when so many event streams were opened. */
  streams(count: number): Promise<void>
  /** What a reader of the download gets from now on. */
  put(change: Partial<Download>): void
  /** Puts the change, and says so to all who listen. */
  move(change: Partial<Download>): void
  log<T extends keyof LoggedEventMap>(type: T, data: LoggedEventMap[T]): void
  pass<T extends keyof PassingEventMap>(type: T, data: PassingEventMap[T]): void
  /** Cuts every open event stream. */
  cut(): void
  close(): Promise<void>
}

/** A server with one download, whose state and events a test decides. */
export async function liveServer(first: Download): Promise<LiveServer> {
  let download = first
  let seq = 0
  const asked: string[] = []
  const listeners = new Map<string, () => void>()
  const open = new Set<ServerResponse>()
  const waiting: { readonly count: number; readonly resolve: () => void }[] = []
  let opened = 0
  let refusals = 0

  const server = createServer((request, response) => {
    const place = request.headers['last-event-id']
    const line = `${request.method} ${request.url}${place === undefined ? '' : ` after ${place}`}`
    asked.push(line)
    listeners.get(line)?.()
    if (line.includes('/events')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`retry: 1\nid: ${seq}\n\n`)
      open.add(response)
      response.once('close', () => open.delete(response))
      opened++
      for (const { count, resolve } of waiting) if (opened >= count) resolve()
      return
    }
    if (refusals > 0 && request.method === 'GET') {
      refusals--
      response.writeHead(503).end()
      return
    }
    const receipt = line.endsWith('/cancel') ? { receipt: { files: 1, bytes: 2 } } : {}
    if (line.endsWith('/pause')) download = { ...download, state: 'paused' }
    const status = line === 'POST /api/downloads' ? 201 : 200
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ ...download, ...receipt }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A TCP server has an address with a port.
  const { port } = server.address() as AddressInfo

  const send = (type: string, data: object, number: number | null): void => {
    const event = JSON.stringify({ seq: number, at: 1, type, data })
    const id = number === null ? '' : `id: ${number}\n`
    for (const one of open) one.write(`${id}event: ${type}\ndata: ${event}\n\n`)
  }
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    asked,
    refuse(looks) {
      refusals = looks
    },
    on: (line, then) => void listeners.set(line, then),
    streams: (count) =>
      new Promise((resolve) => {
        if (opened >= count) resolve()
        else waiting.push({ count, resolve })
      }),
    put(change) {
      download = { ...download, ...change }
    },
    move(change) {
      const from = download.state
      download = { ...download, ...change }
      const { files, ...summary } = download
      send(
        'download.state-changed',
        { id: download.id, from, to: download.state, download: summary },
        ++seq,
      )
    },
    log: (type, data) => send(type, data, ++seq),
    pass: (type, data) => send(type, data, null),
    cut() {
      for (const one of open) one.destroy()
    },
    async close() {
      server.close()
      server.closeAllConnections()
      if (server.listening) await once(server, 'close')
    },
  }
}
