import type { FastifyRequest } from 'fastify'
import { clientOf } from '../access/arrival.ts'
import type { ReaderOrigin } from './event-hub.ts'

/** Who would read the stream that a request asks for. */
export function originOf({ raw, caller }: Pick<FastifyRequest, 'raw' | 'caller'>): ReaderOrigin {
  const session = caller?.kind === 'session' ? caller.session : null
  return { client: clientOf(raw.socket), session }
}
