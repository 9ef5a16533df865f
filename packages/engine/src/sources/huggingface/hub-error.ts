import { WindlassError, type WindlassErrorOptions } from '../../errors/windlass-error.ts'
import { headerOf, type ResponseHead } from '../../net/response-head.ts'
import { statusError } from '../../net/status-error.ts'
import type { HubRef } from './hub-ref.ts'

export interface HubErrorContext {
  readonly ref: HubRef
  /** The repository's page in a browser. */
  readonly page: string
  /** The file that was asked for; null when it was about the repository. */
  readonly path: string | null
  readonly hasToken: boolean
  /** What `HttpClient.noteRest` said. */
  readonly retryAt: number | null
  /** The `error` of the answer's body, where it was read. */
  readonly bodyMessage?: string | null
}

/** The Hub's own words, part of its protocol: the Python client compares them too. */
const DISABLED = 'Access to this resource is disabled.'
const BAD_TOKEN = 'Invalid credentials in Authorization header'

/**
 * What a refusal of the Hub means, in the order in which `hf_raise_for_status` of the
 * Python client asks. Only for answers that came from the Hub itself.
 */
export function hubError(head: ResponseHead, context: HubErrorContext): WindlassError {
  const { ref, path, page, hasToken } = context
  const message = headerOf(head, 'x-error-message') ?? context.bodyMessage ?? null
  const at = { facts: { status: head.status, repository: ref.repoId, url: page } }
  const name = `${ref.repoType} ${ref.repoId}`
  switch (headerOf(head, 'x-error-code')) {
    case 'RevisionNotFound':
      return new WindlassError('REVISION_NOT_FOUND', {
        ...at,
        detail: `${name} has no ${ref.revision}`,
      })
    case 'EntryNotFound':
      return new WindlassError('HTTP_NOT_FOUND', { ...at, detail: `${name} has no ${path ?? ''}` })
    case 'GatedRepo':
      return new WindlassError('HTTP_GATED', { ...at, ...gateWords(name, page, hasToken) })
    case 'RepoNotFound':
      return missing(head, name, hasToken, at)
    default:
  }
  if (message === DISABLED) return new WindlassError('REPO_DISABLED', { ...at, detail: name })
  if (head.status === 401 && message === BAD_TOKEN) {
    return new WindlassError('HTTP_AUTH', { ...at, detail: `${head.url.host}, for ${name}` })
  }
  if (head.status === 401 || (head.status === 404 && path === null)) {
    return missing(head, name, hasToken, at)
  }
  const what = path === null ? name : `${path} of ${name}`
  return statusError(head, { what, retryAt: context.retryAt })
}

/** The Hub does not tell strangers whether a repository is private or not there: both are 401. */
function missing(
  head: ResponseHead,
  name: string,
  hasToken: boolean,
  at: WindlassErrorOptions,
): WindlassError {
  const code = head.status === 401 && !hasToken ? 'REPO_PRIVATE' : 'REPO_NOT_FOUND'
  const hint =
    'Check the spelling and the kind (model, dataset or space); a private one needs a token that may read it.'
  return new WindlassError(code, {
    ...at,
    detail: name,
    ...(code === 'REPO_NOT_FOUND' && hasToken ? { hint } : {}),
  })
}

function gateWords(name: string, page: string, hasToken: boolean): WindlassErrorOptions {
  const account = hasToken
    ? 'with the account of your token'
    : 'set a token of that account (`windlass token set huggingface`, or HF_TOKEN)'
  return {
    detail: name,
    hint: `Open ${page}, accept its conditions${hasToken ? ' ' : ', '}${account}, then resume.`,
  }
}
