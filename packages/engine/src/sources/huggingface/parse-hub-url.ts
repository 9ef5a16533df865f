import type { HubRepoType } from './hub-ref.ts'
import { type HubRefParts, readId, refInvalid, splitType } from './hub-ref-parts.ts'

const PUBLIC_HOSTS = new Set(['huggingface.co', 'www.huggingface.co', 'hf.co', 'www.hf.co'])

/** First parts of addresses on the Hub that are no user, organisation or repository. */
const OTHER_PAGES = new Set([
  ...['api', 'blog', 'buckets', 'chat', 'collections', 'datasets', 'docs', 'enterprise', 'join'],
  ...['kernels', 'learn', 'login', 'logout', 'models', 'new', 'oauth', 'organizations', 'papers'],
  ...['posts', 'pricing', 'search', 'settings', 'spaces', 'storage', 'tasks', 'user-settings'],
])

/** Pages of a repository that name a file or a folder. */
const LOCATIONS = new Set(['blame', 'blob', 'raw', 'resolve', 'tree'])

/**
 * Reads the address of a page on the public Hub or on `endpoint`, with or without
 * `https://` for the public Hub. Query and fragment mean nothing.
 * @returns null when it is no such address
 * @throws WindlassError REF_INVALID when the page is not about a repository or its files
 */
export function parseHubUrl(text: string, endpoint: string): HubRefParts | null {
  const path = hubPath(text, endpoint)
  if (path === null) return null
  const { type, rest } = splitType(path.slice(1))
  const segments = rest.split('/').map((segment) => decodeSegment(text, segment))
  const isFolder = segments.at(-1) === ''
  const named = segments.filter((segment) => segment !== '')
  const page = locationIndex(named)
  const idText = named.slice(0, page === -1 ? undefined : page).join('/')
  const id = readId(idText)
  if (id === null || named.length === 0 || (type === null && OTHER_PAGES.has(named[0] ?? ''))) {
    throw refInvalid(text, 'it is not the page of a repository, folder or file')
  }
  if (page === -1) return readRepositoryPage(text, type ?? 'model', id)
  const location = readLocation(named.slice(page + 1))
  const folder = location.path !== '' && (isFolder || named[page] === 'tree')
  return {
    repoType: type ?? 'model',
    repoId: id.repoId,
    revision: location.revision ?? id.revision,
    path: folder ? `${location.path}/` : location.path,
    quantization: id.quantization,
  }
}

/** Where `tree`, `blob` ... stands: behind `org/name`, or behind a bare name; -1 if nowhere. */
function locationIndex(segments: readonly string[]): number {
  if (LOCATIONS.has(segments[2] ?? '')) return 2
  return segments.length > 2 && LOCATIONS.has(segments[1] ?? '') ? 1 : -1
}

function readRepositoryPage(
  text: string,
  repoType: HubRepoType,
  id: Pick<HubRefParts, 'repoId' | 'revision' | 'quantization'>,
): HubRefParts {
  if (id.repoId.split('/').length > 2) {
    throw refInvalid(text, 'it is not the page of a repository, folder or file')
  }
  return { ...id, repoType, path: null }
}

/** `<revision>/<path>`; only the special references have slashes of their own. */
function readLocation(segments: readonly string[]): {
  readonly revision: string | null
  readonly path: string
} {
  const [first, second, third] = segments
  if (first === undefined) return { revision: null, path: '' }
  const special = first === 'refs' && (second === 'pr' || second === 'convert')
  const length = special && third !== undefined ? 3 : 1
  return {
    revision: segments.slice(0, length).join('/'),
    path: segments.slice(length).join('/'),
  }
}

/** The path of the address below the root of its Hub; null when it is somewhere else. */
function hubPath(text: string, endpoint: string): string | null {
  const bare = /^([^/?#]+)\//.exec(text)?.[1]?.toLowerCase() ?? ''
  const url = URL.parse(PUBLIC_HOSTS.has(bare) ? `https://${text}` : text)
  if (url === null || !/^https?:$/.test(url.protocol)) return null
  if (PUBLIC_HOSTS.has(url.host)) return url.pathname
  const root = URL.parse(endpoint)
  if (root === null || root.host !== url.host) return null
  const prefix = root.pathname.replace(/\/$/, '')
  return url.pathname.startsWith(`${prefix}/`) ? url.pathname.slice(prefix.length) : null
}

function decodeSegment(text: string, segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    // A `%` that escapes nothing is all that this can mean.
    throw refInvalid(text, 'its percent-encoding is broken')
  }
}
