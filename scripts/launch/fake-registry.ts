import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeRegistry {
  readonly url: string
  /** Resolves with the first request. */
  readonly asked: Promise<void>
  close(): Promise<void>
}

/** A registry with one package in one version, over a real socket; it never answers without a tarball. */
export async function openFakeRegistry(
  name: string,
  version: string,
  tarball: Buffer | null,
): Promise<FakeRegistry> {
  let markAsked = () => {}
  const asked = new Promise<void>((resolve) => {
    markAsked = resolve
  })
  const server = createServer((request, response) => {
    markAsked()
    if (tarball === null) return
    if (request.url?.endsWith('.tgz')) {
      response.end(tarball)
    } else {
      response.setHeader('content-type', 'application/json')
      const dist = { tarball: `${url}/${name}.tgz`, integrity: integrityOf(tarball) }
      response.end(JSON.stringify({ name, versions: { [version]: { name, version, dist } } }))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A listening TCP server has an address object, never a pipe name or null.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    asked,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The checksum of a tarball as npm writes it. */
export function integrityOf(tarball: Buffer): string {
  return `sha512-${createHash('sha512').update(tarball).digest('base64')}`
}
