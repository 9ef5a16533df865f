import type { Route } from '../faults/listener.ts'
import type { Reply, SeenRequest } from '../faults/reply.ts'
import { createCdn } from './cdn.ts'
import type { FakeHubOptions, HubRepoRef } from './fake-hub-options.ts'
import { apiPath, type HubRepoName } from './hub-path.ts'
import {
  commitTo,
  createHubRepo,
  type HubCommitSpec,
  type HubRepo,
  type HubRepoAccess,
  type HubRepoSpec,
  moveRef,
} from './hub-repo.ts'
import { bucketOf, type HubState, routeHub } from './hub-router.ts'
import { createRateLimits } from './rate-limits.ts'
import { createSignedUrls } from './signed-urls.ts'
import { createXetCas } from './xet-cas.ts'

/** `http://host:port` of each, known once they listen. */
export interface HostUrls {
  readonly hub: string
  readonly cdn: string
  readonly cas: string
}

/** What is on the Hub, and how each of its hosts answers for it. */
export interface HubStore extends Seeding {
  expireUrls(): void
  setUrls(urls: HostUrls): void
  readonly hubRoute: Route
  readonly cdnRoute: Route
  readonly casRoute: Route
  decorate(request: SeenRequest, reply: Reply): Reply
}

export function createHubStore(options: FakeHubOptions): HubStore {
  const now = options.now ?? Date.now
  const repos = new Map<string, HubRepo>()
  const users = new Map(Object.entries(options.users ?? {}))
  const limits = createRateLimits(options.rateLimits ?? {}, now)
  const lifetimeSeconds = (): number => options.urlLifetimeSeconds ?? 3600
  const signedUrls = createSignedUrls({ lifetimeSeconds, now })
  const maxRangelessBytes = (): number => options.maxRangelessBytes ?? Number.POSITIVE_INFINITY
  let urls: HostUrls = { hub: '', cdn: '', cas: '' }
  const objectUrl = options.objectUrl ?? (() => undefined)
  const endpoint = (): string => urls.cdn
  const cdn = createCdn({ signedUrls, endpoint, objectUrl, maxRangelessBytes, now })
  const targets = { cdn, hubUrl: () => urls.hub, casUrl: () => urls.cas }
  const cas = createXetCas({ repos, targets, now })
  const pageSize = (): number => options.pageSize ?? 1000
  const state: HubState = { repos, users, pageSize, targets, xetToken: cas.tokenReply }
  return {
    ...createSeeding(repos, users),
    setUrls(given) {
      urls = given
    },
    expireUrls: signedUrls.expireAll,
    hubRoute: (request) => limits.take(bucketOf(request)) ?? routeHub(request, state),
    cdnRoute: cdn.route,
    casRoute: cas.route,
    decorate: (request, reply) => ({
      ...reply,
      headers: {
        'X-Request-Id': `Root=1-${crypto.randomUUID()}`,
        ...limits.headers(bucketOf(request)),
        ...reply.headers,
      },
    }),
  }
}

/** Puts repositories on the Hub and changes them. */
export interface Seeding {
  addRepo(spec: HubRepoSpec): Promise<{ readonly commit: string }>
  commit(spec: HubCommitSpec): Promise<{ readonly commit: string }>
  moveRef(repo: HubRepoRef, ref: string, commit: string): void
  setAccess(repo: HubRepoRef, access: HubRepoAccess): void
  rename(repo: HubRepoRef, id: string): void
}

function createSeeding(repos: Map<string, HubRepo>, users: Map<string, string>): Seeding {
  const nameOf = ({ type = 'model', id }: HubRepoRef): HubRepoName => ({ type, id })
  const repoOf = (ref: HubRepoRef): HubRepo => {
    const repo = repos.get(apiPath(nameOf(ref)))
    if (repo === undefined) throw new TypeError(`No ${nameOf(ref).type} ${ref.id} on the fake Hub`)
    return repo
  }
  const admit = ({ tokens = [] }: HubRepoAccess): void => {
    for (const token of tokens) if (!users.has(token)) users.set(token, `user-${users.size + 1}`)
  }
  return {
    moveRef: (ref, name, commit) => moveRef(repoOf(ref), name, commit),
    async addRepo(spec) {
      const repo = createHubRepo(spec)
      const commit = await commitTo(repo, spec)
      repos.set(apiPath(repo), repo)
      admit(spec)
      return { commit }
    },
    async commit(spec) {
      return { commit: await commitTo(repoOf(spec), spec) }
    },
    rename(ref, id) {
      const repo = repoOf(ref)
      const renamed = { ...repo, id }
      repos.set(apiPath(renamed), renamed)
      repos.set(apiPath(repo), { ...createHubRepo({ ...ref, renamedTo: id }), access: repo.access })
    },
    setAccess(ref, access) {
      repoOf(ref).access = access
      admit(access)
    },
  }
}
