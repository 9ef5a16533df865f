import { z } from 'zod'
import { isWindlassError, type WindlassError } from '../../errors/windlass-error.ts'
import type { Credential } from '../../net/credential.ts'
import type { HttpClient, HttpResponse } from '../../net/http-client.ts'
import { readJson } from '../../net/read-json.ts'
import type { ResponseHead } from '../../net/response-head.ts'
import { statusError } from '../../net/status-error.ts'
import { Secret } from '../../runtime/secret.ts'
import type { HubAddresses } from './hub-addresses.ts'
import type { HubEnvironment } from './hub-environment.ts'
import { hubError } from './hub-error.ts'
import type { HubRef } from './hub-ref.ts'
import { readHubToken } from './read-hub-token.ts'
import type { RefusedToken } from './refused-token.ts'

const ErrorBody = z.object({ error: z.string() })
const MOST_ERROR_BYTES = 64 * 1024

export interface HubCallOptions {
  readonly http: Pick<HttpClient, 'open' | 'noteRest'>
  readonly environment: HubEnvironment
  readonly addresses: HubAddresses
  /** What all calls of the source know. */
  readonly refusedToken: RefusedToken
  readonly signal: AbortSignal
}

/** One call of the source: whom it asks about what, and with which token. */
export interface HubCall {
  readonly http: HubCallOptions['http']
  readonly addresses: HubAddresses
  readonly signal: AbortSignal
  readonly credentials: readonly Credential[]
  /** The error that a refusal of the Hub stands for. Notes the rest it may ask for. */
  refusal(head: ResponseHead, path: string | null, bodyMessage?: string | null): WindlassError
}

/**
 * Reads the token anew, so that a person may log in between two calls.
 * @throws WindlassError HTTP_AUTH when the Hub has just refused this very token
 */
export async function openHubCall(ref: HubRef, options: HubCallOptions): Promise<HubCall> {
  const { http, addresses, refusedToken, signal } = options
  const token = await readHubToken(options.environment)
  if (token !== null) refusedToken.refuse(token, addresses.page(ref))
  const credentials: Credential[] =
    token === null
      ? []
      : [
          {
            header: 'authorization',
            value: new Secret(`Bearer ${token.reveal()}`),
            origins: addresses.origins,
          },
        ]
  return {
    http,
    addresses,
    signal,
    credentials,
    refusal(head, path, bodyMessage = null) {
      const page = addresses.page(ref)
      const hasToken = token !== null
      const retryAt = http.noteRest(head)
      const error = hubError(head, { ref, path, bodyMessage, page, hasToken, retryAt })
      if (token !== null && error.code === 'HTTP_AUTH') refusedToken.note(token)
      return error
    },
  }
}

/** Asks the Hub for JSON with its token, and turns a refusal into its error. */
export async function fetchHubJson<T>(url: URL, schema: z.ZodType<T>, call: HubCall) {
  const head = await call.http.open(
    {
      url,
      method: 'GET',
      headers: { accept: 'application/json' },
      credentials: call.credentials,
      judge: () => {},
    },
    { signal: call.signal },
  )
  if (head.status === 200) return { data: await readJson(head, { schema }), head }
  if (!call.addresses.speaksHub(head.url)) {
    head.body.destroy()
    throw statusError(head, { what: 'the Hub sends us there', retryAt: call.http.noteRest(head) })
  }
  throw call.refusal(head, null, await errorMessage(head))
}

/** The `error` in the body of a refusal; null when the body is nothing of that kind. */
async function errorMessage(response: HttpResponse): Promise<string | null> {
  try {
    const body = await readJson(response, { schema: ErrorBody, maxBytes: MOST_ERROR_BYTES })
    return body.error
  } catch (error) {
    // The status and the headers say enough; proxies answer with pages of HTML.
    if (isWindlassError(error)) return null
    throw error
  }
}
