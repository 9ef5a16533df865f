import { type ConnectionRule, createConnectionRules } from '../faults/connection-rules.ts'
import type { FaultAction, FaultHandle, FaultRule } from '../faults/fault-rule.ts'
import { createFaultRules } from '../faults/fault-rules.ts'
import { type Listener, type ListenerOptions, startListener } from '../faults/listener.ts'
import type { LoggedRequest } from '../faults/request-log.ts'
import { fileOfCdnRequest } from './cdn.ts'
import type { FakeHubOptions, HubRepoRef } from './fake-hub-options.ts'
import type { HubCommitSpec, HubRepoAccess, HubRepoSpec } from './hub-repo.ts'
import { fileOfHubRequest } from './hub-router.ts'
import { createHubStore, type HubStore } from './hub-store.ts'

export interface FakeHub {
  /** `http://127.0.0.1:PORT`, for `HF_ENDPOINT`. */
  readonly endpoint: string
  /** `http://localhost:PORT`: another host name, as with the real Hub. */
  readonly cdnEndpoint: string
  /** Where Xet clients ask how files are put together. */
  readonly casEndpoint: string
  /** Every request to any of the hosts, in the order of arrival; entries change while answered. */
  readonly log: readonly LoggedRequest[]
  clearLog(): void
  /** Adds a repository with its first commit. */
  addRepo(spec: HubRepoSpec): Promise<{ readonly commit: string }>
  /** Adds a commit and moves its branch. */
  commit(spec: HubCommitSpec): Promise<{ readonly commit: string }>
  /** Points a branch, `refs/tags/...` or `refs/pr/N` to a commit. */
  moveRef(repo: HubRepoRef, ref: string, commit: string): void
  /** Gives a repository another name; its commits stay, and requests for the old name are sent on. */
  rename(repo: HubRepoRef, id: string): void
  /** Changes who may do what from now on. */
  setAccess(repo: HubRepoRef, access: HubRepoAccess): void
  /** Adds a rule after those that exist; the first that applies to a request counts. */
  fault(rule: FaultRule): FaultHandle
  /** The same for connections, before anything is read from them. */
  faultConnections(rule: ConnectionRule): FaultHandle
  clearFaults(): void
  /** Every signed URL that was given out has expired. */
  expireUrls(): void
  /** Changes how fast the CDN sends from the next request on. */
  setCdnRate(bytesPerSecond: number | undefined): void
  close(): Promise<void>
}

/** Starts a Hub with its CDN and Xet store on loopback ports of their own. */
export async function startFakeHub(options: FakeHubOptions = {}): Promise<FakeHub> {
  const log: LoggedRequest[] = []
  const rules = createFaultRules()
  const connections = createConnectionRules()
  const store = createHubStore(options)
  let cdnRate = options.cdnBytesPerSecond
  const cdnDefaults = (): FaultAction => (cdnRate === undefined ? {} : { bytesPerSecond: cdnRate })
  const listen = (own: OwnOptions): Promise<Listener> =>
    startListener({ host: 'localhost', port: 0, rules, connections, log, ...own })
  const cdn = await listen({
    role: 'cdn',
    route: store.cdnRoute,
    defaults: cdnDefaults,
    fileOf: fileOfCdnRequest,
    ...(options.cdnTls === undefined ? {} : { tls: options.cdnTls.context }),
  })
  const cas = await listen({ role: 'cas', route: store.casRoute })
  const hub = await listen({ role: 'hub', ...hubListener(store, options) })
  store.setUrls({ hub: hub.url, cdn: cdn.url, cas: cas.url })
  return {
    endpoint: hub.url,
    cdnEndpoint: cdn.url,
    casEndpoint: cas.url,
    log,
    clearLog: () => {
      log.length = 0
    },
    addRepo: store.addRepo,
    commit: store.commit,
    moveRef: store.moveRef,
    rename: store.rename,
    setAccess: store.setAccess,
    fault: rules.add,
    faultConnections: connections.add,
    clearFaults() {
      rules.clear()
      connections.clear()
    },
    expireUrls: store.expireUrls,
    setCdnRate(bytesPerSecond) {
      cdnRate = bytesPerSecond
    },
    async close() {
      await Promise.all([hub.close(), cdn.close(), cas.close()])
    },
  }
}

type OwnOptions = Pick<ListenerOptions, 'role' | 'route'> & Partial<ListenerOptions>

function hubListener(store: HubStore, options: FakeHubOptions): Omit<OwnOptions, 'role'> {
  return {
    host: '127.0.0.1',
    port: options.port ?? 0,
    route: store.hubRoute,
    decorate: store.decorate,
    fileOf: fileOfHubRequest,
  }
}
