import type { Reply, SeenRequest } from '../faults/reply.ts'
import { hubError } from './hub-error.ts'
import { webPath } from './hub-path.ts'
import type { HubRepo } from './hub-repo.ts'

/** Who sent the request. */
export type HubCaller =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'user'; readonly token: string; readonly name: string }
  | { readonly kind: 'invalid' }

/** Reads `Authorization: Bearer`; a token that nobody was given is invalid. */
export function callerOf(request: SeenRequest, users: ReadonlyMap<string, string>): HubCaller {
  const header = request.headers.authorization
  if (header === undefined) return { kind: 'anonymous' }
  const token = /^Bearer (.+)$/i.exec(header)?.[1]
  const name = token === undefined ? undefined : users.get(token)
  if (token === undefined || name === undefined) return { kind: 'invalid' }
  return { kind: 'user', token, name }
}

/** The refusal of anything at all to a bad token; the Hub checks it before anything else. */
export function refuseInvalid(caller: HubCaller): Reply | undefined {
  if (caller.kind !== 'invalid') return undefined
  return hubError(401, 'Invalid credentials in Authorization header')
}

/** What the caller is told when the repository does not exist for them. */
export function refuseMissing(caller: HubCaller): Reply {
  return caller.kind === 'user'
    ? hubError(404, 'Repository not found', 'RepoNotFound')
    : hubError(401, 'Invalid username or password.', 'RepoNotFound')
}

/** The refusal to show the repository and its listing, or `undefined` when all may be seen. */
export function refuseSight(repo: HubRepo, caller: HubCaller): Reply | undefined {
  if (repo.access.private === true && !hasAccess(repo, caller)) return refuseMissing(caller)
  if (repo.access.disabled === true) {
    return hubError(403, 'Access to this resource is disabled.')
  }
  return undefined
}

/** The refusal to hand out the repository's files. */
export function refuseFiles(repo: HubRepo, caller: HubCaller): Reply | undefined {
  const refused = refuseSight(repo, caller)
  if (refused !== undefined) return refused
  if (!isGated(repo) || hasAccess(repo, caller)) return undefined
  const what = `Access to ${repo.type} ${repo.id} is restricted`
  if (caller.kind === 'user') {
    const how = `Visit https://huggingface.co${webPath(repo)} to ask for access.`
    return hubError(403, `${what} and you are not in the authorized list. ${how}`, 'GatedRepo')
  }
  const how = 'You must have access to it and be authenticated to access it. Please log in.'
  return hubError(401, `${what}. ${how}`, 'GatedRepo')
}

function isGated(repo: HubRepo): boolean {
  return repo.access.gated !== undefined && repo.access.gated !== false
}

function hasAccess(repo: HubRepo, caller: HubCaller): boolean {
  return caller.kind === 'user' && (repo.access.tokens ?? []).includes(caller.token)
}
