import { jsonReply, type Reply, type SeenRequest } from '../faults/reply.ts'
import { hubError } from './hub-error.ts'
import { apiPath, encodeHubPath, encodeHubSegment } from './hub-path.ts'
import type { HubCommit, HubRepo } from './hub-repo.ts'
import { missingEntry, type ResolvedRevision } from './resolve-file.ts'
import { COMMIT_DATE, expandEntry, fileEntry, type TreeEntry, treeEntries } from './tree-entries.ts'

/** The Hub gives fewer entries at once when it has to look up their last commits. */
const EXPANDED_PAGE_SIZE = 50

/** `GET /api/models/{id}`: what the Hub says about a repository at a revision. */
export function repoInfoReply(at: ResolvedRevision, query: URLSearchParams): Reply {
  const { repo, commit } = at
  const withBlobs = query.get('blobs')?.toLowerCase() === 'true'
  const facts: Record<string, unknown> = {
    _id: commit.sha.slice(0, 24),
    id: repo.id,
    ...(repo.type === 'model' ? { modelId: repo.id } : {}),
    ...(repo.id.includes('/') ? { author: repo.id.split('/')[0] } : {}),
    sha: commit.sha,
    private: repo.access.private ?? false,
    gated: repo.access.gated ?? false,
    disabled: repo.access.disabled ?? false,
    lastModified: COMMIT_DATE,
    createdAt: COMMIT_DATE,
    downloads: 0,
    likes: 0,
    tags: [],
    siblings: [...commit.files.values()].map((file) => ({
      rfilename: file.path,
      ...(withBlobs ? blobFacts(fileEntry(file)) : {}),
    })),
  }
  const expand = new Set(query.getAll('expand'))
  if (expand.size === 0) return jsonReply(200, facts)
  const kept = Object.entries(facts).filter(([name]) => /^_?id$/.test(name) || expand.has(name))
  return jsonReply(200, Object.fromEntries(kept))
}

function blobFacts(entry: TreeEntry): Record<string, unknown> {
  if (entry.type === 'directory') return {}
  const { oid, size, lfs } = entry
  if (lfs === undefined) return { blobId: oid, size }
  return { blobId: oid, size, lfs: { sha256: lfs.oid, size, pointerSize: lfs.pointerSize } }
}

export interface TreePage {
  readonly at: ResolvedRevision
  /** The folder to list; empty for the whole repository. */
  readonly folder: string
  readonly pageSize: number
  readonly hubUrl: string
}

/** `GET .../tree/{revision}[/{folder}]`: one page, and where the next one is. */
export function treeReply(page: TreePage, query: URLSearchParams): Reply {
  const { commit } = page.at
  const all = treeEntries(commit)
  if (page.folder !== '' && all.get(page.folder)?.type !== 'directory') return missingEntry(commit)
  const wanted = entriesBelow([...all.values()], page.folder, isTrue(query.get('recursive')))
  const expand = isTrue(query.get('expand'))
  const limit = pageLimit(page.pageSize, query, expand)
  const from = Number(Buffer.from(query.get('cursor') ?? '', 'base64url').toString() || 0)
  const entries = wanted.slice(from, from + limit)
  const shown = expand ? entries.map((entry) => expandEntry(entry, commit)) : entries
  if (from + limit >= wanted.length) return jsonReply(200, shown)
  return jsonReply(200, shown, { Link: `<${nextPage(page, query, from + limit)}>; rel="next"` })
}

function entriesBelow(all: TreeEntry[], folder: string, recursive: boolean): TreeEntry[] {
  const prefix = folder === '' ? '' : `${folder}/`
  return all.filter(
    ({ path }) =>
      path.startsWith(prefix) && (recursive || !path.slice(prefix.length).includes('/')),
  )
}

function pageLimit(pageSize: number, query: URLSearchParams, expand: boolean): number {
  const most = expand ? Math.min(pageSize, EXPANDED_PAGE_SIZE) : pageSize
  const asked = Number(query.get('limit') ?? most)
  return Number.isInteger(asked) && asked > 0 ? Math.min(asked, most) : most
}

function nextPage(page: TreePage, query: URLSearchParams, from: number): string {
  const next = new URLSearchParams(query)
  next.set('cursor', Buffer.from(String(from)).toString('base64url'))
  const { repo, revision } = page.at
  const folder = page.folder === '' ? '' : `/${encodeHubPath(page.folder)}`
  const path = `${apiPath(repo)}/tree/${encodeHubSegment(revision)}${folder}`
  return `${page.hubUrl}${path}?${next}`
}

/** `POST .../paths-info/{revision}`, with a form (Python) or JSON (JavaScript) as its body. */
export async function pathsInfoReply(commit: HubCommit, request: SeenRequest): Promise<Reply> {
  const { paths, expand } = parsePathsBody(await request.body(), request)
  const all = treeEntries(commit)
  const found = paths
    .map((path) => all.get(path.replace(/\/$/, '')))
    .filter((entry) => entry !== undefined)
  return jsonReply(200, expand ? found.map((entry) => expandEntry(entry, commit)) : found)
}

function parsePathsBody(body: Buffer, request: SeenRequest): { paths: string[]; expand: boolean } {
  if (request.headers['content-type']?.includes('json') === true) {
    const parsed: { paths?: string[]; expand?: boolean } = JSON.parse(body.toString())
    return { paths: parsed.paths ?? [], expand: parsed.expand ?? false }
  }
  const form = new URLSearchParams(body.toString())
  return { paths: form.getAll('paths'), expand: isTrue(form.get('expand')) }
}

/** `GET .../refs`. */
export function refsReply(repo: HubRepo, query: URLSearchParams): Reply {
  const under = (prefix: string): { name: string; ref: string; targetCommit: string }[] =>
    [...repo.refs]
      .filter(([ref]) => ref.startsWith(prefix))
      .map(([ref, targetCommit]) => ({ name: ref.slice(prefix.length), ref, targetCommit }))
  return jsonReply(200, {
    branches: under('refs/heads/'),
    converts: under('refs/convert/'),
    tags: under('refs/tags/'),
    ...(query.get('include_prs') === null ? {} : { pullRequests: under('refs/pr/') }),
  })
}

/** `GET /api/whoami-v2`. */
export function whoamiReply(name: string | undefined): Reply {
  if (name === undefined) return hubError(401, 'Invalid username or password.')
  return jsonReply(200, {
    type: 'user',
    id: Buffer.from(name).toString('hex'),
    name,
    fullname: name,
    isPro: false,
    orgs: [],
    auth: { type: 'access_token', accessToken: { displayName: name, role: 'read' } },
  })
}

/** Python writes booleans as `True`, JavaScript as `true`, and some clients as `1`. */
function isTrue(text: string | null): boolean {
  return /^(true|1)$/i.test(text ?? '')
}
