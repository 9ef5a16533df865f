import { z } from 'zod'
import { WindlassError } from '../../errors/windlass-error.ts'
import { createHttpClient, type HttpClientOptions } from '../../net/create-http-client.ts'
import { readJson } from '../../net/read-json.ts'
import { statusError } from '../../net/status-error.ts'
import { Secret } from '../../runtime/secret.ts'
import type { HubEnvironment } from './hub-environment.ts'

/** Whose a token is, as the Hub says. */
export interface HubIdentity {
  readonly name: string
  /** What the person called the token; null where the Hub does not say. */
  readonly tokenName: string | null
  /** `read`, `write`, `fineGrained`; null where the Hub does not say. */
  readonly role: string | null
}

const WhoAmI = z.object({
  name: z.string(),
  auth: z
    .object({
      accessToken: z
        .object({ displayName: z.string().optional(), role: z.string().optional() })
        .optional(),
    })
    .optional(),
})

/**
 * Asks the Hub whose token this is (`GET /api/whoami-v2`). Opens connections of its own.
 * @throws WindlassError HTTP_AUTH when the Hub does not know it, HUB_OFFLINE, and those of
 *   statuses; failures of the network as Node's and undici's own errors
 */
export async function askHubIdentity(
  token: Secret,
  {
    hub,
    ...client
  }: { readonly hub: Pick<HubEnvironment, 'endpoint' | 'offline'> } & Pick<
    HttpClientOptions,
    'clock' | 'userAgent' | 'proxy'
  >,
  { signal }: { readonly signal: AbortSignal },
): Promise<HubIdentity> {
  if (hub.offline) throw new WindlassError('HUB_OFFLINE')
  const { origin } = new URL(hub.endpoint)
  const http = createHttpClient({
    ...client,
    egress: { trustedOrigins: [origin], allowedHosts: [] },
  })
  try {
    const head = await http.open(
      {
        url: new URL(`${hub.endpoint}/api/whoami-v2`),
        method: 'GET',
        headers: { accept: 'application/json' },
        credentials: [
          {
            header: 'authorization',
            value: new Secret(`Bearer ${token.reveal()}`),
            origins: new Set([origin]),
          },
        ],
        judge() {},
      },
      { signal },
    )
    if (head.status === 200) return identityOf(await readJson(head, { schema: WhoAmI }))
    head.body.destroy()
    if (head.status === 401) {
      throw new WindlassError('HTTP_AUTH', { detail: `${head.url.host} does not know it` })
    }
    throw statusError(head, { what: 'whose token it is' })
  } finally {
    await http.close()
  }
}

function identityOf({ auth, name }: z.infer<typeof WhoAmI>): HubIdentity {
  const { displayName, role } = auth?.accessToken ?? {}
  return { name, tokenName: displayName ?? null, role: role ?? null }
}
