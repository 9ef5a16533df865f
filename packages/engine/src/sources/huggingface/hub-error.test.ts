import { describe, expect, it } from 'vitest'
import { hubError } from './hub-error.ts'

type Case = {
  readonly status: number
  readonly code?: string
  readonly message?: string
  readonly hasToken?: boolean
  readonly path?: string
}

function errorOf({ status, code, message, hasToken = false, path }: Case) {
  const headers = { 'x-error-code': code, 'x-error-message': message }
  const url = new URL('https://huggingface.co/api/models/org/name?secret=1')
  return hubError(
    { url, status, headers },
    {
      ref: {
        repoType: 'model',
        repoId: 'org/name',
        revision: 'v1',
        path: null,
        quantization: null,
      },
      page: 'https://huggingface.co/org/name',
      path: path ?? null,
      hasToken,
      retryAt: null,
    },
  )
}

const BAD_TOKEN = 'Invalid credentials in Authorization header'

describe('what the Hub says', () => {
  it.each<[Case, string]>([
    [{ status: 401, code: 'RepoNotFound' }, 'REPO_PRIVATE'],
    [{ status: 401, code: 'RepoNotFound', hasToken: true }, 'REPO_NOT_FOUND'],
    [{ status: 404, code: 'RepoNotFound' }, 'REPO_NOT_FOUND'],
    [{ status: 404, code: 'RepoNotFound', hasToken: true }, 'REPO_NOT_FOUND'],
    [{ status: 401, message: 'Invalid username or password.' }, 'REPO_PRIVATE'],
    [{ status: 401 }, 'REPO_PRIVATE'],
    [{ status: 401, hasToken: true }, 'REPO_NOT_FOUND'],
    [{ status: 401, message: BAD_TOKEN, hasToken: true }, 'HTTP_AUTH'],
    [{ status: 401, code: 'GatedRepo' }, 'HTTP_GATED'],
    [{ status: 403, code: 'GatedRepo', hasToken: true }, 'HTTP_GATED'],
    [{ status: 403, message: 'Access to this resource is disabled.' }, 'REPO_DISABLED'],
    [{ status: 403, message: 'Forbidden' }, 'HTTP_FORBIDDEN'],
    [{ status: 404, code: 'RevisionNotFound' }, 'REVISION_NOT_FOUND'],
    [{ status: 404, code: 'EntryNotFound', path: 'a' }, 'HTTP_NOT_FOUND'],
    [{ status: 404, path: 'a' }, 'HTTP_NOT_FOUND'],
    [{ status: 500 }, 'HTTP_SERVER'],
  ])('%o is %s', (answer, code) => {
    const error = errorOf(answer)
    expect(error.code).toBe(code)
    expect(error.message).toContain('org/name')
    expect(JSON.stringify(error)).not.toContain('secret')
  })

  it('comes with advice that fits who asks', () => {
    const gated = { status: 403, code: 'GatedRepo' }
    expect(errorOf(gated).hint).toContain('windlass token set')
    expect(errorOf({ ...gated, hasToken: true }).hint).not.toContain('windlass token set')
    expect(errorOf(gated).hint).toContain('https://huggingface.co/org/name')
    expect(errorOf({ status: 404, code: 'RevisionNotFound' }).message).toContain('v1')
  })
})
