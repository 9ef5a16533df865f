import { closeSync, existsSync, openSync, renameSync, writeSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import {
  type CdnObject,
  type FakeHub,
  type HubFileSpec,
  type RandomBytesSpec,
  sha256OfRandomBytes,
  startFakeHub,
} from '@windlass/testkit'
import { type Tools, toolPath } from '../tools.ts'
import { type Certificate, makeCertificate } from './make-certificate.ts'
import { type Nginx, startNginx } from './start-nginx.ts'

/** The fake Hub's answers, and nginx that sends the files: JavaScript would be what is measured. */
export interface Origin {
  readonly hub: FakeHub
  readonly nginx: Nginx
  /** For those who shall trust it; null when there is no TLS here. */
  readonly certificate: string | null
  /** Makes a repository of these files, all of them LFS, ready to be sent; once for the same name. */
  model(id: string, files: readonly HubFileSpec[]): Promise<void>
  /** The file's own address below `base`, past the Hub. */
  addressOf(file: RandomBytesSpec, base?: URL): Promise<URL>
  /** Where the Hub's redirects lead from now on; to nginx without TLS and log at first. */
  redirectTo(base: URL): void
  close(): Promise<void>
}

export async function openOrigin(tools: Tools, folder: string): Promise<Origin> {
  await mkdir(folder, { recursive: true })
  const tls: Certificate | null =
    tools.openssl === undefined ? null : await makeCertificate(tools.openssl, folder)
  const nginx = await startNginx({ program: toolPath(tools, 'nginx'), folder, tls })
  let base = nginx.plain
  const objectUrl = (object: CdnObject): URL => new URL(place(object, nginx.www), base)
  const hub = await startFakeHub({ objectUrl })
  const models = new Map<string, Promise<void>>()
  const publish = async (id: string, files: readonly HubFileSpec[]): Promise<void> => {
    await hub.addRepo({ id, files })
    // The redirect makes the file.
    for (const { path } of files) {
      await fetch(`${hub.endpoint}/${id}/resolve/main/${path}`, { redirect: 'manual' })
    }
  }
  return {
    hub,
    nginx,
    certificate: tls?.certificate ?? null,
    model(id, files) {
      const published = models.get(id) ?? publish(id, files)
      models.set(id, published)
      return published
    },
    addressOf: async (file, below = nginx.plain) => new URL(await sha256OfRandomBytes(file), below),
    redirectTo(url) {
      base = url
    },
    async close() {
      await hub.close()
      await nginx.close()
    },
  }
}

/**
 * Writes the object to nginx's folder when it is asked for the first time. Its name there is the
 * last part of its path, a digest. Synchronous, because the redirect waits; no counted round sees it.
 */
function place({ path, bytes }: CdnObject, www: string): string {
  const name = basename(path)
  const file = join(www, name)
  if (existsSync(file)) return name
  const fd = openSync(`${file}.part`, 'w')
  try {
    for (const chunk of bytes.read(0, bytes.sizeBytes)) writeSync(fd, chunk)
  } finally {
    closeSync(fd)
  }
  renameSync(`${file}.part`, file)
  return name
}
