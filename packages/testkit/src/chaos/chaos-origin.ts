import { sha256OfRandomBytes } from '../bytes/digests.ts'
import { createConnectionRules } from '../faults/connection-rules.ts'
import { createFaultRules } from '../faults/fault-rules.ts'
import { type Listener, startListener } from '../faults/listener.ts'
import type { Reply, SeenRequest } from '../faults/reply.ts'
import type { LoggedRequest } from '../faults/request-log.ts'
import type { ChaosControls } from './chaos-controls.ts'
import { controlReply } from './control.ts'
import { type ChaosFile, createFileTable, fileOfPath, pathOfFile } from './file-table.ts'
import { createLinks } from './links.ts'
import { createTlsSwitch, type TlsSwitch } from './tls-switch.ts'

/** A host that serves virtual files and misbehaves on demand. */
export interface ChaosOrigin extends ChaosControls {
  /** `http://127.0.0.1:PORT`; role `origin` in rules and log. */
  readonly url: string
  /** The same files under another host name, `http://localhost:PORT`; role `other`. */
  readonly otherUrl: string
  /** The same over TLS, `https://localhost:PORT`; role `tls`. */
  readonly tlsUrl: string
  /** The authority of {@link tlsUrl}'s certificates, in PEM. */
  readonly ca: string
  /** The path of a file: `/f/<seed>/<size>`, and the name it is told by. */
  pathOf(file: ChaosFile): string
  /** A lasting address of the file, `/l/...`: it redirects to a signed one on the other host. */
  linkOf(file: ChaosFile): string
  /** The SHA-256 of the content with this seed and size, in hex. */
  sha256(file: Pick<ChaosFile, 'seed' | 'sizeBytes'>): Promise<string>
  close(): Promise<void>
}

export interface ChaosOriginOptions {
  /** The address of the first listener; 127.0.0.1 by default. The others are on loopback. */
  readonly host?: string
  /** Of the first listener; 0 by default, which takes any. */
  readonly port?: number
  /** Of the TLS listener. */
  readonly tlsPort?: number
}

interface Innards extends ChaosControls {
  readonly listeners: {
    readonly origin: Listener
    readonly other: Listener
    readonly tls: Listener
  }
}

/** Starts an origin on loopback. */
export async function startChaosOrigin(options: ChaosOriginOptions = {}): Promise<ChaosOrigin> {
  const tls = createTlsSwitch()
  const { listeners, ...controls } = await openInnards(options, tls)
  return {
    ...controls,
    url: listeners.origin.url,
    otherUrl: listeners.other.url,
    tlsUrl: listeners.tls.url,
    ca: tls.ca,
    pathOf: pathOfFile,
    linkOf: (file) => pathOfFile(file).replace('/f/', '/l/'),
    sha256: sha256OfRandomBytes,
    async close() {
      await Promise.all(Object.values(listeners).map((listener) => listener.close()))
    },
  }
}

async function openInnards(options: ChaosOriginOptions, tls: TlsSwitch): Promise<Innards> {
  const log: LoggedRequest[] = []
  const rules = createFaultRules()
  const connections = createConnectionRules()
  const files = createFileTable()
  const links = createLinks(() => other.url)
  const controls: ChaosControls = {
    log,
    clearLog() {
      log.length = 0
    },
    serve: files.serve,
    expireLinks: links.expire,
    fault: rules.add,
    faultConnections: connections.add,
    clearFaults() {
      rules.clear()
      connections.clear()
    },
    useTls: tls.use,
    reset() {
      controls.clearFaults()
      controls.clearLog()
      files.clear()
      tls.use({})
    },
  }
  const route = (request: SeenRequest): Reply => links.route(request) ?? files.route(request)
  const control = (request: SeenRequest) => controlReply(request, controls)
  const shared = { rules, connections, log, route, control, fileOf: nameOf }
  const secure = { tls: tls.context }
  const listen = (role: string, host: string, port = 0, more = {}) =>
    startListener({ ...shared, ...more, role, host, port })
  const origin = await listen('origin', options.host ?? '127.0.0.1', options.port)
  const other = await listen('other', 'localhost')
  const secured = await listen('tls', 'localhost', options.tlsPort, secure)
  return { ...controls, listeners: { origin, other, tls: secured } }
}

function nameOf(request: SeenRequest): string | undefined {
  const file = fileOfPath(request)
  return file === undefined ? undefined : (file.name ?? file.seed)
}
