import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import {
  type ChaosFileSettings,
  type ChaosOrigin,
  type ConnectionRule,
  createTlsSwitch,
  type FakeHub,
  type FaultHandle,
  type FaultRule,
  type LoggedRequest,
  sha256OfRandomBytes,
  startChaosOrigin,
  startFakeHub,
  type TlsSettings,
} from '@windlass/testkit'
import type { EngineParts } from '../open-engine.ts'
import { type HubEnvironment, readHubEnvironment } from '../sources/huggingface/hub-environment.ts'
import { createFolderStore } from '../testing/folder-store.ts'
import { createPlainSource } from '../testing/plain-source.ts'

/** The one file that a fault is tried on. */
export interface HostOptions {
  readonly seed?: string
  readonly sizeBytes?: number
  /** Name of the file; `model.bin` unless given. */
  readonly path?: string
  /** How a plain host serves the file; the Hub's CDN serves in its own way. */
  readonly settings?: ChaosFileSettings
  /** False: nobody says what the bytes must be. The Hub always says. */
  readonly digest?: boolean
}

/** A host that has the file, and the engine's way to it. */
export interface RangedHost {
  /** What a person would type. */
  readonly ref: string
  readonly seed: string
  readonly sizeBytes: number
  readonly path: string
  readonly hub: HubEnvironment
  readonly parts: EngineParts
  /** Below it is all that a download writes, finished or not. */
  readonly root: string
  /** Adds a rule for the requests for the file's bytes, and no others. */
  fault(rule: FaultRule): FaultHandle
  /** Adds a rule for the first request of the way to the bytes: the lasting address. */
  faultWay(rule: FaultRule): FaultHandle
  /** Adds a rule for connections to the host of the bytes, before anything is read from them. */
  faultConnections(rule: ConnectionRule): FaultHandle
  clearFaults(): void
  /** What the next TLS connections to the host of the bytes meet. */
  useTls(settings: TlsSettings): void
  /** The requests for the file's bytes, in the order of arrival. */
  requests(): readonly LoggedRequest[]
  /** Every request to any of the hosts. */
  readonly log: readonly LoggedRequest[]
  clearLog(): void
  /** No signed address that was given out is accepted any more; nothing where there are none. */
  expireLinks(): void
  /** The plain origin itself, null for the Hub. */
  readonly origin: ChaosOrigin | null
  /** The Hub itself, null for a plain origin. */
  readonly fakeHub: FakeHub | null
  close(): Promise<void>
}

export interface RangedSource {
  readonly name: string
  /** Whether the answers of the bytes' host carry a validator. */
  readonly hasValidator: boolean
  /** Whether the lasting address leads to a signed one. */
  readonly hasLinks: boolean
  /** @param dir a folder of the test's own */
  open(dir: string, options?: HostOptions): Promise<RangedHost>
}

const DEFAULTS = { seed: 'fault', sizeBytes: 3_000_000, path: 'model.bin' }

interface Kind {
  readonly name: string
  /** The bytes come over TLS, from a host that this process trusts until it is closed. */
  readonly secure?: boolean
  /** The lasting address leads to a signed one on the other host; always so for the Hub. */
  readonly hasLinks?: boolean
}

function huggingface({ name, secure = false }: Kind): RangedSource {
  return {
    name,
    hasValidator: false,
    hasLinks: true,
    async open(dir, options = {}) {
      const file = { ...DEFAULTS, ...options }
      const tls = createTlsSwitch()
      const hub = await startFakeHub(secure ? { cdnTls: tls } : {})
      const distrust = secure ? trust(tls.ca) : () => undefined
      const content = { seed: file.seed, sizeBytes: file.sizeBytes }
      await hub.addRepo({ id: 'org/one', files: [{ path: file.path, content }] })
      const environment = readHubEnvironment({ HF_ENDPOINT: hub.endpoint, HF_HOME: dir }, dir)
      const way = { role: 'hub', path: '/resolve/' }
      return {
        ...hostOf(file, environment),
        ref: 'org/one',
        parts: {},
        fault: (rule) => hub.fault({ ...rule, match: { role: 'cdn', ...rule.match } }),
        faultWay: (rule) => hub.fault({ ...rule, match: { ...way, ...rule.match } }),
        faultConnections: (rule) => hub.faultConnections({ role: 'cdn', ...rule }),
        clearFaults: () => hub.clearFaults(),
        useTls: tls.use,
        requests: () => hub.log.filter(({ role }) => role === 'cdn'),
        log: hub.log,
        clearLog: () => hub.clearLog(),
        expireLinks: () => hub.expireUrls(),
        origin: null,
        fakeHub: hub,
        async close() {
          distrust()
          await hub.close()
        },
      }
    },
  }
}

function plain({ name, secure = false, hasLinks = false }: Kind): RangedSource {
  const bytesRole = secure ? 'tls' : hasLinks ? 'other' : 'origin'
  return {
    name,
    hasValidator: true,
    hasLinks,
    async open(dir, options = {}) {
      const file = { ...DEFAULTS, ...options }
      const origin = await startChaosOrigin()
      const distrust = secure ? trust(origin.ca) : () => undefined
      const served = { seed: file.seed, sizeBytes: file.sizeBytes, name: file.path }
      if (file.settings !== undefined) origin.serve(served, file.settings)
      const environment = readHubEnvironment({ HF_HOME: dir, HF_HUB_OFFLINE: '1' }, dir)
      const path = hasLinks ? origin.linkOf(served) : origin.pathOf(served)
      const bytes = { role: bytesRole, method: 'GET' }
      const way = { role: hasLinks ? 'origin' : bytesRole, method: 'GET' }
      return {
        ...hostOf(file, environment),
        ref: `plain:${secure ? origin.tlsUrl : origin.url}${path}`,
        parts: plainParts(file, environment),
        fault: (rule) => origin.fault({ ...rule, match: { ...bytes, ...rule.match } }),
        faultWay: (rule) => origin.fault({ ...rule, match: { ...way, ...rule.match } }),
        faultConnections: (rule) => origin.faultConnections({ role: bytesRole, ...rule }),
        clearFaults: () => origin.clearFaults(),
        useTls: origin.useTls,
        requests: () =>
          origin.log.filter(({ role, method }) => role === bytesRole && method === 'GET'),
        log: origin.log,
        clearLog: () => origin.clearLog(),
        expireLinks: () => origin.expireLinks(),
        origin,
        fakeHub: null,
        async close() {
          distrust()
          await origin.close()
        },
      }
    },
  }
}

/** Lets this process trust an authority, as `NODE_EXTRA_CA_CERTS` does; undone by what it returns. */
function trust(ca: string): () => void {
  const usual = getCACertificates()
  setDefaultCACertificates([...usual, ca])
  return () => setDefaultCACertificates(usual)
}

function hostOf(file: typeof DEFAULTS, hub: HubEnvironment) {
  const { seed, sizeBytes, path } = file
  return { seed, sizeBytes, path, hub, root: join(hub.cacheDir, '..') }
}

function plainParts(
  file: typeof DEFAULTS & HostOptions,
  { cacheDir }: HubEnvironment,
): EngineParts {
  const hasDigest = file.digest ?? true
  const digestOf = async () =>
    hasDigest ? ({ algorithm: 'sha256', hex: await sha256OfRandomBytes(file) } as const) : null
  const hasSize = (file.settings?.length ?? 'stated') === 'stated'
  return {
    sources: (http) => [createPlainSource({ http, digestOf })],
    // The Hub's cache holds nothing without both.
    ...(hasDigest && hasSize ? {} : { store: createFolderStore(join(cacheDir, '..', 'plain')) }),
  }
}

/** Every source whose bytes travel by ranges: a fault runs against each of them, not one. */
export const RANGED_SOURCES: readonly RangedSource[] = [
  huggingface({ name: 'huggingface' }),
  plain({ name: 'plain' }),
]

/** Those whose lasting address leads to a signed one that does not last. */
export const LINKED_SOURCES: readonly RangedSource[] = [
  huggingface({ name: 'huggingface' }),
  plain({ name: 'plain link', hasLinks: true }),
]

/** The same with bytes that come over TLS. */
export const SECURE_SOURCES: readonly RangedSource[] = [
  huggingface({ name: 'huggingface over TLS', secure: true }),
  plain({ name: 'plain over TLS', secure: true }),
]
