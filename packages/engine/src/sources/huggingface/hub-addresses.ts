import { WindlassError } from '../../errors/windlass-error.ts'
import { encodeHubPath } from './encode-hub-path.ts'
import type { HubRef, HubRepoType } from './hub-ref.ts'

type Repo = Pick<HubRef, 'repoType' | 'repoId'>

/** Where one Hub, or a mirror of it, answers what. */
export interface HubAddresses {
  /** Scheme, host and port that may see the token. */
  readonly origins: ReadonlySet<string>
  /** True for the Hub and what mirrors stand in for: its answers are read by the Hub's rules. */
  speaksHub(url: URL): boolean
  /** The page to open in a browser. */
  page(repo: Repo): string
  info(repo: Repo, revision: string): URL
  tree(repo: Repo, commit: string): URL
  file(repo: Repo, commit: string, path: string): URL
  /** The next page of a listing; null when it lies outside the Hub. */
  next(link: string, current: URL): URL | null
}

const PUBLIC_ORIGINS = ['https://huggingface.co', 'https://hf.co']
const PREFIXES: Readonly<Record<HubRepoType, string>> = {
  model: '',
  dataset: 'datasets/',
  space: 'spaces/',
}

/**
 * @param endpoint root of the Hub or a mirror, without a slash at the end
 * @throws WindlassError SETTINGS_INVALID when it is no http(s) address
 */
export function createHubAddresses(endpoint: string): HubAddresses {
  const root = URL.parse(endpoint)
  if (root === null || !/^https?:$/.test(root.protocol)) {
    throw new WindlassError('SETTINGS_INVALID', {
      detail: `HF_ENDPOINT is ${JSON.stringify(endpoint)}`,
      hint: 'Write it with https://, for example https://huggingface.co.',
    })
  }
  const isPublic = PUBLIC_ORIGINS.includes(root.origin)
  const origins = new Set(isPublic ? PUBLIC_ORIGINS : [root.origin])
  const api = ({ repoType, repoId }: Repo): string => `${endpoint}/api/${repoType}s/${repoId}`
  const site = ({ repoType, repoId }: Repo): string => `${endpoint}/${PREFIXES[repoType]}${repoId}`
  return {
    origins,
    speaksHub: ({ origin }) => origins.has(origin) || PUBLIC_ORIGINS.includes(origin),
    page: site,
    info: (repo, revision) => new URL(`${api(repo)}/revision/${encodeURIComponent(revision)}`),
    tree: (repo, commit) => new URL(`${api(repo)}/tree/${commit}?recursive=true&expand=false`),
    file: (repo, commit, path) => new URL(`${site(repo)}/resolve/${commit}/${encodeHubPath(path)}`),
    next(link, current) {
      const next = URL.parse(link, current.href)
      if (next === null || origins.has(next.origin)) return next
      // Mirrors pass on the public Hub's own addresses.
      const mirrored = PUBLIC_ORIGINS.includes(next.origin)
      return mirrored ? new URL(`${endpoint}${next.pathname}${next.search}`) : null
    },
  }
}
