import { createServer, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Passes everything on to `target`; `before` may say something ahead of each answer. */
export async function startInterimProxy(
  target: string,
  before: (answer: ServerResponse) => void,
): Promise<AsyncDisposable & { readonly url: string; readonly hits: () => number }> {
  const { host, origin } = new URL(target)
  let hits = 0
  const server = createServer((incoming, outgoing) => {
    hits++
    before(outgoing)
    const headers = { ...incoming.headers, host }
    const passed = request(
      new URL(incoming.url ?? '/', origin),
      { method: incoming.method, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 0, answer.headers)
        answer.pipe(outgoing)
      },
    )
    passed.on('error', () => outgoing.destroy())
    passed.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A TCP server that listens has an address with a port.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    hits: () => hits,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
