import { WindlassError } from '../errors/windlass-error.ts'
import { redactUrl } from './redact-url.ts'
import type { ResponseHead } from './response-head.ts'

const REDIRECTS = new Set([301, 302, 303, 307, 308])
const LONGEST_LOCATION = 16 * 1024

/**
 * The address that a redirect leads to, without user name and fragment; null for any
 * other answer.
 * @throws WindlassError HTTP_PROTOCOL when the address is missing or malformed,
 *   HTTP_REDIRECT_BLOCKED when it is not http(s), or leaves https
 */
export function redirectTarget(head: ResponseHead): URL | null {
  if (!REDIRECTS.has(head.status)) return null
  const target = resolveLocation(head)
  const from = redactUrl(head.url)
  if (target.protocol !== 'https:' && target.protocol !== 'http:') {
    throw new WindlassError('HTTP_REDIRECT_BLOCKED', {
      detail: `${from} leads to ${target.protocol}`,
    })
  }
  if (head.url.protocol === 'https:' && target.protocol === 'http:') {
    throw new WindlassError('HTTP_REDIRECT_BLOCKED', {
      detail: `${from} leads from https to plain http on ${target.host}`,
    })
  }
  target.username = ''
  target.password = ''
  target.hash = ''
  return target
}

function resolveLocation(head: ResponseHead): URL {
  const location = head.headers['location']
  if (typeof location !== 'string' || location === '') {
    throw malformed(head, location === undefined ? 'without an address' : 'to an unclear address')
  }
  if (location.length > LONGEST_LOCATION) throw malformed(head, 'to an endless address')
  if (!/^[\x21-\x7e]+$/.test(location)) throw malformed(head, 'to an address that is not ASCII')
  const target = URL.parse(location, head.url.href)
  if (target === null) throw malformed(head, 'to an address that is none')
  return target
}

function malformed(head: ResponseHead, how: string): WindlassError {
  return new WindlassError('HTTP_PROTOCOL', {
    detail: `${redactUrl(head.url)} redirects ${how}`,
    facts: { status: head.status },
  })
}
