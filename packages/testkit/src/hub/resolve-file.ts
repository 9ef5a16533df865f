import { fileReply, type Reply, type SeenRequest, textReply } from '../faults/reply.ts'
import type { Cdn } from './cdn.ts'
import { hubError } from './hub-error.ts'
import type { HubFile, HubLfs } from './hub-file.ts'
import { apiPath, encodeHubPath, encodeHubSegment, webPath } from './hub-path.ts'
import type { HubCommit, HubRepo } from './hub-repo.ts'

/** Where the answers point to. */
export interface ResolveTargets {
  readonly cdn: Cdn
  readonly hubUrl: () => string
  readonly casUrl: () => string
}

/** A revision of a repository that exists, as the request named it. */
export interface ResolvedRevision {
  readonly repo: HubRepo
  readonly revision: string
  readonly commit: HubCommit
}

/** Answers `/resolve/{revision}/{path}`: a redirect, with the metadata on it for LFS files. */
export function resolveReply(at: ResolvedRevision, path: string, targets: ResolveTargets): Reply {
  const file = at.commit.files.get(path)
  if (file === undefined) return missingEntry(at.commit)
  return file.lfs === undefined
    ? resolveCacheRedirect(at, file)
    : cdnRedirect(at, file, file.lfs, targets)
}

/** Answers `/api/resolve-cache/...`: the content of a file that is not LFS. */
export function resolveCacheReply(at: ResolvedRevision, path: string, request: SeenRequest): Reply {
  const file = at.commit.files.get(path)
  if (file === undefined || file.lfs !== undefined) return missingEntry(at.commit)
  const headers = {
    'Content-Type': isText(path) ? 'text/plain; charset=utf-8' : 'application/octet-stream',
    'X-Repo-Commit': at.commit.sha,
    ETag: `"${file.oid}"`,
  }
  const reply = fileReply(request, file.bytes, headers)
  if (reply.status !== 200 || reply.body === undefined || !mayGzip(request, file)) return reply
  // Compressed on the fly: the length is not known before, and the validator becomes a weak one.
  return {
    ...reply,
    headers: { ...reply.headers, ETag: `W/"${file.oid}"`, Vary: 'Accept-Encoding' },
    body: { ...reply.body, gzip: true, hasLength: false },
  }
}

/** Answers `/raw/{revision}/{path}`: what git stores, so the pointer of an LFS file. */
export function rawReply(at: ResolvedRevision, path: string): Reply {
  const file = at.commit.files.get(path)
  if (file === undefined) return missingEntry(at.commit)
  const headers = { 'X-Repo-Commit': at.commit.sha, ETag: `"${file.oid}"` }
  if (file.lfs !== undefined) return textReply(200, file.lfs.pointer, headers)
  return fileReply({ range: undefined, headers: {} }, file.bytes, headers)
}

export function missingEntry(commit: HubCommit): Reply {
  return hubError(404, 'Entry not found', 'EntryNotFound', { 'X-Repo-Commit': commit.sha })
}

function resolveCacheRedirect(at: ResolvedRevision, file: HubFile): Reply {
  const { repo, revision, commit } = at
  const asked = encodeURIComponent(`${webPath(repo)}/resolve/${revision}/${file.path}`)
  const etag = encodeURIComponent(`"${file.oid}"`)
  const place = apiPath(repo).replace('/api/', '/api/resolve-cache/')
  const location = `${place}/${commit.sha}/${encodeHubPath(file.path)}?${asked}=&etag=${etag}`
  return textReply(307, `Temporary Redirect. Redirecting to ${location}`, { Location: location })
}

function cdnRedirect(
  at: ResolvedRevision,
  file: HubFile,
  lfs: HubLfs,
  targets: ResolveTargets,
): Reply {
  const location = targets.cdn.urlOf(at.repo, file.path, lfs.sha256, file.bytes)
  return textReply(302, `Found. Redirecting to ${location}`, {
    Location: location,
    'X-Repo-Commit': at.commit.sha,
    'X-Linked-Etag': `"${lfs.sha256}"`,
    'X-Linked-Size': String(file.bytes.sizeBytes),
    'Accept-Ranges': 'bytes',
    ...(lfs.xetHash === undefined ? {} : xetHeaders(at, lfs.xetHash, targets)),
  })
}

function xetHeaders(
  at: ResolvedRevision,
  xetHash: string,
  targets: ResolveTargets,
): Record<string, string> {
  const revision = encodeHubSegment(at.commit.sha)
  const auth = `${targets.hubUrl()}${apiPath(at.repo)}/xet-read-token/${revision}`
  const info = `${targets.casUrl()}/v1/reconstructions/${xetHash}`
  return {
    'X-Xet-Hash': xetHash,
    Link: `<${auth}>; rel="xet-auth", <${info}>; rel="xet-reconstruction-info"`,
  }
}

function mayGzip(request: SeenRequest, file: HubFile): boolean {
  const accepted = String(request.headers['accept-encoding'] ?? '')
  return isText(file.path) && file.bytes.sizeBytes > 0 && /\bgzip\b/.test(accepted)
}

function isText(path: string): boolean {
  return /(^|\/)\.git|\.(cfg|csv|jinja|json|jsonl|md|py|toml|tsv|txt|xml|yaml|yml)$/.test(path)
}
