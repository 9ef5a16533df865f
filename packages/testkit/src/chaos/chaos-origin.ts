import { sha256OfRandomBytes } from '../bytes/digests.ts'
import { expiredReply } from '../faults/apply-fault.ts'
import type { FaultHandle, FaultRule } from '../faults/fault-rule.ts'
import { createFaultRules } from '../faults/fault-rules.ts'
import { startListener } from '../faults/listener.ts'
import { type Reply, type SeenRequest, textReply } from '../faults/reply.ts'
import type { LoggedRequest } from '../faults/request-log.ts'
import { type ChaosFileSettings, versionAt } from './chaos-file.ts'
import { serveFile } from './serve-file.ts'

/** A host that serves virtual files and misbehaves on demand. */
export interface ChaosOrigin {
  /** `http://127.0.0.1:PORT`; role `origin` in rules and log. */
  readonly url: string
  /** The same files under another host name, `http://localhost:PORT`; role `other`. */
  readonly otherUrl: string
  /** Every request, in the order of arrival; entries change while answered. */
  readonly log: readonly LoggedRequest[]
  clearLog(): void
  /** The path of a file: `/f/<seed>/<size>`, and the name it is told by. */
  pathOf(file: ChaosFile): string
  /** A lasting address of the file, `/l/...`: it redirects to a signed one on the other host. */
  linkOf(file: ChaosFile): string
  /** No signed address that was given out so far is accepted any more. */
  expireLinks(): void
  /** How the file is served from now on; its count of requests starts again. */
  serve(file: ChaosFile, settings: ChaosFileSettings): void
  /** Adds a rule after those that exist; the first that applies to a request counts. */
  fault(rule: FaultRule): FaultHandle
  clearFaults(): void
  /** The SHA-256 of the content with this seed and size, in hex. */
  sha256(file: Pick<ChaosFile, 'seed' | 'sizeBytes'>): Promise<string>
  close(): Promise<void>
}

/** A virtual file: 500 GB cost nothing. Two names of the same seed and size are two files. */
export interface ChaosFile {
  readonly seed: string
  readonly sizeBytes: number
  readonly name?: string
}

export interface ChaosOriginOptions {
  /** The first listener's port; 0 by default, which takes any. */
  readonly port?: number
}

/** Starts an origin on loopback ports of its own. */
export async function startChaosOrigin(options: ChaosOriginOptions = {}): Promise<ChaosOrigin> {
  const log: LoggedRequest[] = []
  const rules = createFaultRules()
  const files = createFileTable()
  const links = createLinks(() => other.url)
  const route = (request: SeenRequest): Reply => links.route(request) ?? files.route(request)
  const shared = { rules, log, route, fileOf: files.nameOf }
  const origin = await startListener({
    ...shared,
    role: 'origin',
    host: '127.0.0.1',
    port: options.port ?? 0,
  })
  const other = await startListener({ ...shared, role: 'other', host: 'localhost', port: 0 })
  return {
    url: origin.url,
    otherUrl: other.url,
    log,
    clearLog() {
      log.length = 0
    },
    pathOf,
    linkOf: (file) => pathOf(file).replace('/f/', '/l/'),
    expireLinks: links.expire,
    serve: files.serve,
    fault: rules.add,
    clearFaults: rules.clear,
    sha256: sha256OfRandomBytes,
    async close() {
      await Promise.all([origin.close(), other.close()])
    },
  }
}

function pathOf({ seed, sizeBytes, name }: ChaosFile): string {
  const tail = name === undefined ? '' : `/${name.split('/').map(encodeURIComponent).join('/')}`
  return `/f/${encodeURIComponent(seed)}/${sizeBytes}${tail}`
}

/** Signed addresses in their simplest form: a number that the host accepts until it is told otherwise. */
function createLinks(host: () => string) {
  let generation = 1
  return {
    expire(): void {
      generation++
    },
    route({ url, query }: SeenRequest): Reply | undefined {
      if (url.startsWith('/l/')) {
        const signed = `${host()}/f/${url.slice('/l/'.length)}?link=${generation}`
        return textReply(302, '', { Location: signed })
      }
      const link = query.get('link')
      return link === null || link === String(generation) ? undefined : expiredReply(new Date())
    },
  }
}

interface ServedFile {
  readonly settings: ChaosFileSettings
  requests: number
}

function createFileTable() {
  const served = new Map<string, ServedFile>()
  const entryOf = (file: ChaosFile): ServedFile => {
    const entry = served.get(pathOf(file)) ?? { settings: {}, requests: 0 }
    served.set(pathOf(file), entry)
    return entry
  }
  return {
    serve(file: ChaosFile, settings: ChaosFileSettings): void {
      served.set(pathOf(file), { settings, requests: 0 })
    },
    nameOf(request: SeenRequest): string | undefined {
      const file = fileOf(request)
      return file === undefined ? undefined : (file.name ?? file.seed)
    },
    route(request: SeenRequest): Reply {
      const file = fileOf(request)
      if (file === undefined) return textReply(404, 'There are files below /f/<seed>/<size>')
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return textReply(405, 'GET or HEAD')
      const entry = entryOf(file)
      entry.requests++
      return serveFile(request, versionAt(file, entry.settings, entry.requests), entry.settings)
    },
  }
}

function fileOf({ segments }: SeenRequest): ChaosFile | undefined {
  const [folder, seed, size, ...name] = segments
  if ((folder !== 'f' && folder !== 'l') || seed === undefined || seed === '') return undefined
  if (size === undefined || !/^\d{1,15}$/.test(size)) return undefined
  const file = { seed, sizeBytes: Number(size) }
  return name.length === 0 ? file : { ...file, name: name.join('/') }
}
