import { expiredReply } from '../faults/apply-fault.ts'
import { type Reply, type SeenRequest, textReply } from '../faults/reply.ts'

/** Signed addresses in their simplest form: a number that is accepted until they all expire. */
export interface Links {
  expire(): void
  /** The redirect of a lasting address, the refusal of an expired one; `undefined` for all else. */
  route(request: SeenRequest): Reply | undefined
}

/** @param host where signed addresses lead */
export function createLinks(host: () => string): Links {
  let generation = 1
  return {
    expire() {
      generation++
    },
    route({ url, query }) {
      if (url.startsWith('/l/')) {
        const signed = `${host()}/f/${url.slice('/l/'.length)}?link=${generation}`
        return textReply(302, '', { Location: signed })
      }
      const link = query.get('link')
      return link === null || link === String(generation) ? undefined : expiredReply(new Date())
    },
  }
}
