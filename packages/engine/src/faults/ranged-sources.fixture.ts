import { join } from 'node:path'
import {
  type ChaosFileSettings,
  type ChaosOrigin,
  type FaultHandle,
  type FaultRule,
  type LoggedRequest,
  sha256OfRandomBytes,
  startChaosOrigin,
  startFakeHub,
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
  clearFaults(): void
  /** The requests for the file's bytes, in the order of arrival. */
  requests(): readonly LoggedRequest[]
  /** Every request to any of the hosts. */
  readonly log: readonly LoggedRequest[]
  clearLog(): void
  /** No signed address that was given out is accepted any more; nothing where there are none. */
  expireLinks(): void
  /** The plain origin itself, null for the Hub. */
  readonly origin: ChaosOrigin | null
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

const huggingface: RangedSource = {
  name: 'huggingface',
  hasValidator: false,
  hasLinks: true,
  async open(dir, options = {}) {
    const file = { ...DEFAULTS, ...options }
    const hub = await startFakeHub()
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
      clearFaults: () => hub.clearFaults(),
      requests: () => hub.log.filter(({ role }) => role === 'cdn'),
      log: hub.log,
      clearLog: () => hub.clearLog(),
      expireLinks: () => hub.expireUrls(),
      origin: null,
      close: () => hub.close(),
    }
  },
}

/** @param hasLinks the lasting address leads to a signed one on the other host */
function plain(name: string, hasLinks: boolean): RangedSource {
  return {
    name,
    hasValidator: true,
    hasLinks,
    async open(dir, options = {}) {
      const file = { ...DEFAULTS, ...options }
      const origin = await startChaosOrigin()
      const served = { seed: file.seed, sizeBytes: file.sizeBytes, name: file.path }
      if (file.settings !== undefined) origin.serve(served, file.settings)
      const environment = readHubEnvironment({ HF_HOME: dir, HF_HUB_OFFLINE: '1' }, dir)
      const bytesRole = hasLinks ? 'other' : 'origin'
      const bytes = { role: bytesRole, method: 'GET' }
      const way = { role: 'origin', method: 'GET' }
      return {
        ...hostOf(file, environment),
        ref: `plain:${origin.url}${hasLinks ? origin.linkOf(served) : origin.pathOf(served)}`,
        parts: plainParts(file, environment),
        fault: (rule) => origin.fault({ ...rule, match: { ...bytes, ...rule.match } }),
        faultWay: (rule) => origin.fault({ ...rule, match: { ...way, ...rule.match } }),
        clearFaults: () => origin.clearFaults(),
        requests: () =>
          origin.log.filter(({ role, method }) => role === bytesRole && method === 'GET'),
        log: origin.log,
        clearLog: () => origin.clearLog(),
        expireLinks: () => origin.expireLinks(),
        origin,
        close: () => origin.close(),
      }
    },
  }
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
  return {
    sources: (http) => [createPlainSource({ http, digestOf })],
    ...(hasDigest ? {} : { store: createFolderStore(join(cacheDir, '..', 'plain')) }),
  }
}

/** Every source whose bytes travel by ranges: a fault runs against each of them, not one. */
export const RANGED_SOURCES: readonly RangedSource[] = [huggingface, plain('plain', false)]

/** Those whose lasting address leads to a signed one that does not last. */
export const LINKED_SOURCES: readonly RangedSource[] = [huggingface, plain('plain link', true)]
