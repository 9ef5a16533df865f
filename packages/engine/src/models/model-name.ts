import type { ModelName } from '@windlass/contract'
import { WindlassError } from '../errors/windlass-error.ts'
import type { HubRef, HubRepoType } from '../sources/huggingface/hub-ref.ts'
import { parseHubRef } from '../sources/huggingface/parse-hub-ref.ts'

/** A whole repository, at a revision or at none in particular. */
export interface ModelId {
  readonly repoType: HubRepoType
  readonly repoId: string
  /** What was asked for; null when nothing was said. */
  readonly revision: string | null
}

/**
 * Reads a repository as any ref to the Hub names it, a bare old name such as `gpt2` included.
 * @throws WindlassError REF_INVALID, also for a ref to a part of a repository
 */
export function parseModel(
  request: { readonly hf_repo: string; readonly hf_commit?: string | null | undefined },
  endpoint: string,
): ModelId {
  const { hf_repo: text } = request
  const said = request.hf_commit ?? undefined
  const options = { endpoint, revision: said }
  const ref = parseHubRef(text, options) ?? parseHubRef(`models/${text}`, options)
  if (ref === null) throw invalid(text, 'is no repository of the Hub')
  if (ref.path !== null || ref.quantization !== null) {
    throw invalid(text, 'is a part of a repository; name the whole')
  }
  const { repoType, repoId } = ref
  return { repoType, repoId, revision: isPinned(text, said) ? ref.revision : null }
}

/** `datasets/org/name`; models have no prefix. */
export function repoName({ repoType, repoId }: Pick<HubRef, 'repoType' | 'repoId'>): string {
  return repoType === 'model' ? repoId : `${repoType}s/${repoId}`
}

export function modelName(
  repo: Pick<HubRef, 'repoType' | 'repoId'>,
  commit: string | null,
): ModelName {
  return { hf_repo: repoName(repo), hf_commit: commit }
}

/** The parser fills in the default branch, and a delete of everything must not rest on that. */
function isPinned(text: string, said: string | undefined): boolean {
  return said !== undefined || text.includes('@') || /\/(?:tree|blob|resolve)\//.test(text)
}

function invalid(text: string, what: string): WindlassError {
  return new WindlassError('REF_INVALID', { detail: `${JSON.stringify(text)} ${what}` })
}
