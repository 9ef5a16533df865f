/**
 * What of an address may be shown: scheme, host and path. User names, query and
 * fragment go, since a signed address is a credential.
 */
export function redactUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`
}
