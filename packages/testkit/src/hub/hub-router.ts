import { type Reply, type SeenRequest, textReply } from '../faults/reply.ts'
import { pathsInfoReply, refsReply, repoInfoReply, treeReply, whoamiReply } from './api-routes.ts'
import type { HubCaller } from './hub-access.ts'
import { callerOf, refuseFiles, refuseInvalid, refuseMissing, refuseSight } from './hub-access.ts'
import { hubError } from './hub-error.ts'
import { apiPath, type HubRepoType, typeOfSegment, webPath } from './hub-path.ts'
import { findCommit, type HubRepo } from './hub-repo.ts'
import type { RateBucket } from './rate-limits.ts'
import {
  type ResolvedRevision,
  type ResolveTargets,
  rawReply,
  resolveCacheReply,
  resolveReply,
} from './resolve-file.ts'

/** What the router needs to know; read anew for each request. */
export interface HubState {
  /** By API path. */
  readonly repos: ReadonlyMap<string, HubRepo>
  /** Tokens to user names. */
  readonly users: ReadonlyMap<string, string>
  readonly pageSize: () => number
  readonly targets: ResolveTargets
  /** Answers `xet-read-token`. */
  readonly xetToken: (at: ResolvedRevision) => Reply
}

const COMMIT_HASH = /^[0-9a-f]{40}$/
const API_VERBS = new Set([
  'revision',
  'tree',
  'refs',
  'auth-check',
  'paths-info',
  'xet-read-token',
])

/** The rate-limit bucket that a request counts in. */
export function bucketOf({ segments }: SeenRequest): RateBucket {
  if (segments[0] === 'api') return segments[1] === 'resolve-cache' ? 'resolvers' : 'api'
  return segments.includes('resolve') ? 'resolvers' : 'pages'
}

/** The path inside its repository of the file that a request is about. */
export function fileOfHubRequest({ segments }: SeenRequest): string | undefined {
  const isCache = segments[0] === 'api' && segments[1] === 'resolve-cache'
  if (segments[0] === 'api' && !isCache) return undefined
  const verbAt = isCache
    ? segments.findIndex((part, at) => at > 3 && COMMIT_HASH.test(part)) - 1
    : segments.findIndex((part, at) => at > 0 && (part === 'resolve' || part === 'raw'))
  if (verbAt < 0) return undefined
  const { rest } = takeRevision(segments.slice(verbAt + 1))
  return rest.join('/')
}

/** Answers any request to the Hub's own host. */
export async function routeHub(request: SeenRequest, state: HubState): Promise<Reply> {
  const caller = callerOf(request, state.users)
  const refused = refuseInvalid(caller)
  if (refused !== undefined) return refused
  const [first, second, ...rest] = request.segments
  if (first !== 'api') return routeWeb(request, caller, state)
  if (second === 'whoami-v2') return whoamiReply(caller.kind === 'user' ? caller.name : undefined)
  if (second === 'resolve-cache') return routeResolveCache(request, rest, caller, state)
  const type = typeOfSegment(second)
  return type === undefined ? notFound() : routeApi(request, type, rest, caller, state)
}

async function routeApi(
  request: SeenRequest,
  type: HubRepoType,
  segments: string[],
  caller: HubCaller,
  state: HubState,
): Promise<Reply> {
  const idLength = API_VERBS.has(segments[1] ?? '') || segments.length < 2 ? 1 : 2
  const repo = findRepo(type, segments.slice(0, idLength), state)
  if (repo === undefined) return refuseMissing(caller)
  const moved = movedReply(repo, request, apiPath)
  if (moved !== undefined) return moved
  const [verb, ...rest] = segments.slice(idLength)
  if (verb === 'auth-check') return refuseFiles(repo, caller) ?? textReply(200, 'OK')
  const refused = refuseSight(repo, caller)
  if (refused !== undefined) return refused
  if (verb === 'refs') return refsReply(repo, request.query)
  const { revision, rest: tail } = takeRevision(verb === undefined ? ['main'] : rest)
  const at = revisionOf(repo, revision)
  if (at === undefined) return missingRevision(revision)
  if (verb === undefined || verb === 'revision') return repoInfoReply(at, request.query)
  if (verb === 'paths-info') return pathsInfoReply(at.commit, request)
  if (verb === 'xet-read-token') return refuseFiles(repo, caller) ?? state.xetToken(at)
  if (verb !== 'tree') return notFound()
  const page = { at, folder: tail.join('/'), pageSize: state.pageSize() }
  return treeReply({ ...page, hubUrl: state.targets.hubUrl() }, request.query)
}

function routeResolveCache(
  request: SeenRequest,
  segments: string[],
  caller: HubCaller,
  state: HubState,
): Reply {
  const type = typeOfSegment(segments[0])
  const shaAt = segments.findIndex((segment, at) => at > 1 && COMMIT_HASH.test(segment))
  if (type === undefined || shaAt === -1) return notFound()
  const repo = findRepo(type, segments.slice(1, shaAt), state)
  if (repo === undefined) return refuseMissing(caller)
  const refused = refuseFiles(repo, caller)
  if (refused !== undefined) return refused
  const at = revisionOf(repo, segments[shaAt] ?? '')
  if (at === undefined) return missingRevision(segments[shaAt] ?? '')
  return resolveCacheReply(at, segments.slice(shaAt + 1).join('/'), request)
}

function routeWeb(request: SeenRequest, caller: HubCaller, state: HubState): Reply {
  const named = typeOfSegment(request.segments[0])
  const type = named === undefined || named === 'model' ? 'model' : named
  const segments = type === 'model' ? request.segments : request.segments.slice(1)
  const verbAt = segments.findIndex((part, at) => at > 0 && (part === 'resolve' || part === 'raw'))
  if (verbAt === -1 || verbAt > 2) return notFound()
  const repo = findRepo(type, segments.slice(0, verbAt), state)
  if (repo === undefined) return refuseMissing(caller)
  const moved = movedReply(repo, request, webPath)
  if (moved !== undefined) return moved
  const refused = refuseFiles(repo, caller)
  if (refused !== undefined) return refused
  const { revision, rest } = takeRevision(segments.slice(verbAt + 1))
  const at = revisionOf(repo, revision)
  if (at === undefined) return missingRevision(revision)
  const path = rest.join('/')
  if (segments[verbAt] === 'raw') return rawReply(at, path)
  return resolveReply(at, path, state.targets)
}

/** Some clients do not encode the slashes of `refs/pr/1`, and the Hub understands them too. */
function takeRevision(segments: string[]): { revision: string; rest: string[] } {
  const length = segments[0] === 'refs' ? 3 : 1
  return { revision: segments.slice(0, length).join('/'), rest: segments.slice(length) }
}

function findRepo(type: HubRepoType, id: string[], state: HubState): HubRepo | undefined {
  return state.repos.get(apiPath({ type, id: id.join('/') }))
}

function revisionOf(repo: HubRepo, revision: string): ResolvedRevision | undefined {
  const commit = findCommit(repo, revision)
  return commit === undefined ? undefined : { repo, revision, commit }
}

/** A relative redirect that changes nothing but the name. */
function movedReply(
  repo: HubRepo,
  request: SeenRequest,
  pathOf: (repo: HubRepo) => string,
): Reply | undefined {
  if (repo.renamedTo === undefined) return undefined
  const rest = request.url.slice(pathOf(repo).length)
  const location = pathOf({ ...repo, id: repo.renamedTo }) + rest
  return textReply(307, `Temporary Redirect. Redirecting to ${location}`, { Location: location })
}

function missingRevision(revision: string): Reply {
  return hubError(404, `Invalid rev id: ${revision}`, 'RevisionNotFound')
}

function notFound(): Reply {
  return hubError(404, 'Sorry, we cannot find the page you are looking for.')
}
