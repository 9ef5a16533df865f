import type { Secret } from '../runtime/secret.ts'

/** A header with a secret value, and the only origins (scheme, host and port) that may see it. */
export interface Credential {
  readonly header: string
  /** The whole header value, for example `Bearer hf_...`. */
  readonly value: Secret
  readonly origins: ReadonlySet<string>
}

/** The credential headers that `url` may see. Asked again at each hop of a redirect. */
export function credentialHeaders(
  credentials: readonly Credential[],
  url: URL,
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const credential of credentials) {
    if (credential.origins.has(url.origin)) headers[credential.header] = credential.value.reveal()
  }
  return headers
}
