export type HubRepoType = 'model' | 'dataset' | 'space'

/** Everything a ref to the Hub can say. */
export interface HubRef {
  readonly repoType: HubRepoType
  /** `namespace/name`, or a bare name for the oldest repositories. */
  readonly repoId: string
  /** Branch, tag, `refs/...` or commit. */
  readonly revision: string
  /** A file, or a folder if it ends in `/`; null for the whole repository. */
  readonly path: string | null
  /** In upper case, for example `Q4_K_M`. Never together with a path. */
  readonly quantization: string | null
}

export const DEFAULT_REVISION = 'main'

/** References with slashes that a Hub address holds unescaped. */
const SPECIAL_REVISION = /^refs\/(?:convert\/[\w.-]+|pr\/\d+)$/

/** The Hub's rule for the name of a repository (`validate_repo_id`). */
export function isHubRepoId(text: string): boolean {
  if (text.includes('--') || text.includes('..') || text.endsWith('.git')) return false
  return /^(?:\b[\w\-.]{1,96}\b\/)?\b[\w\-.]{1,96}\b$/.test(text)
}

/** Git's rule for the name of a reference (`git check-ref-format`), which also makes it a safe path. */
export function isRevision(text: string): boolean {
  if (text.length === 0 || text.length > 256 || !text.isWellFormed()) return false
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{/.test(text)) return false
  return text.split('/').every((part) => part !== '' && !/^\.|\.$|\.lock$/.test(part))
}

/**
 * The one text for one meaning:
 * `hf://models|datasets|spaces/<repo id>@<revision>[/<path>|:<QUANTIZATION>]`.
 * The revision is always there and percent-encoded, unless it is one of the `refs/` that
 * the Hub writes out; the path is as the repository has it.
 */
export function formatHubRef(ref: HubRef): string {
  const revision = SPECIAL_REVISION.test(ref.revision)
    ? ref.revision
    : encodeURIComponent(ref.revision)
  const path = ref.path === null ? '' : `/${ref.path}`
  const quantization = ref.quantization === null ? '' : `:${ref.quantization}`
  return `hf://${ref.repoType}s/${ref.repoId}@${revision}${path}${quantization}`
}
