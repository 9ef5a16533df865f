/** What an answer says before its body. Header names are in lower case. */
export interface ResponseHead {
  /** The address that answered. May be signed: never log it whole. */
  readonly url: URL
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** The first value of a header, or null. */
export function headerOf(head: ResponseHead, name: string): string | null {
  const value = head.headers[name]
  return (Array.isArray(value) ? value[0] : value) ?? null
}
