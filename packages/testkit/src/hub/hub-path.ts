/** The kinds of repository that the Hub's API knows by these names. */
export type HubRepoType = 'model' | 'dataset' | 'space'

/** The name of a repository and its kind. */
export interface HubRepoName {
  readonly type: HubRepoType
  readonly id: string
}

const API_SEGMENTS: Readonly<Record<string, HubRepoType>> = {
  models: 'model',
  datasets: 'dataset',
  spaces: 'space',
}

/** `models` -> `model`; `undefined` for a segment that is no kind of repository. */
export function typeOfSegment(segment: string | undefined): HubRepoType | undefined {
  return segment !== undefined && Object.hasOwn(API_SEGMENTS, segment)
    ? API_SEGMENTS[segment]
    : undefined
}

/** The path of a repository's API, such as `/api/datasets/org/name`. */
export function apiPath(repo: HubRepoName): string {
  return `/api/${repo.type}s/${repo.id}`
}

/** The path of a repository's pages and files: models have no prefix. */
export function webPath(repo: HubRepoName): string {
  return repo.type === 'model' ? `/${repo.id}` : `/${repo.type}s/${repo.id}`
}

/** A path inside a repository as a part of a URL, byte for byte as Python's `quote` writes it. */
export function encodeHubPath(path: string): string {
  return path.split('/').map(encodeHubSegment).join('/')
}

/** One segment of a URL's path as Python's `quote` writes it; also encodes `/`. */
export function encodeHubSegment(segment: string): string {
  return encodeURIComponent(segment).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
