const CLOCK =
  'Check the clock of this machine; if it is right, the host must renew its certificate. Then resume.'
const AUTHORITY =
  'If you trust the authority behind the host or proxy, name its certificate in NODE_EXTRA_CA_CERTS, start Windlass again, then resume.'
const NAME =
  'The certificate is for another name: check the address, and whether a proxy or portal answers in its place. Then resume.'
const VERSION =
  'The host, or a proxy before it, does not speak TLS 1.2 or later as this machine needs it: check which one answers, then resume.'

const HINTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: CLOCK,
  CERT_NOT_YET_VALID: CLOCK,
  DEPTH_ZERO_SELF_SIGNED_CERT: AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: AUTHORITY,
  ERR_TLS_CERT_ALTNAME_INVALID: NAME,
}

/** What a person can do when a secure connection failed with this code of Node's. */
export function tlsHint(code: string): string {
  return HINTS[code] ?? VERSION
}
