import { headerOf, type ResponseHead } from './response-head.ts'

/** What is left of a quota, and when it is filled again. */
export interface Quota {
  /** As the host calls it, for example `resolvers`. */
  readonly name: string
  readonly remaining: number
  readonly resetSeconds: number
}

/** `RateLimit: "resolvers";r=0;t=55`, as the Hub sends it with every answer; null when it is no such thing. */
export function readQuota(head: ResponseHead): Quota | null {
  const [name = '', ...rest] = (headerOf(head, 'ratelimit') ?? '').split(';')
  const parameters = new Map(
    rest.map((part): [string, string] => {
      const [key = '', number = ''] = part.split('=', 2)
      return [key.trim(), number.trim()]
    }),
  )
  const remaining = wholeNumber(parameters.get('r'))
  const resetSeconds = wholeNumber(parameters.get('t'))
  if (remaining === null || resetSeconds === null) return null
  return { name: name.trim().replace(/^"(.*)"$/, '$1'), remaining, resetSeconds }
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null
}
