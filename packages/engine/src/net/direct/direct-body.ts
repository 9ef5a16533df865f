import { iterateBody } from '../iterate-body.ts'
import type { BodySink, ResponseBody } from '../response-body.ts'
import type { DirectConnection } from './direct-connection.ts'
import type { PlainHead } from './plain-head.ts'

const MOST_DISCARDED_BYTES = 16 * 1024

/** The body behind a plain head. */
export function directBody(connection: DirectConnection, head: PlainHead): ResponseBody {
  const body = {
    pour(sink: BodySink): void {
      // Its connection may be at work for another request by now.
      if (head.bodyBytes === 0) sink.ended()
      else connection.pour(head, sink)
    },
    discard: () => connection.discard(head, MOST_DISCARDED_BYTES),
    destroy: () => connection.giveUp(head),
  }
  return { ...body, [Symbol.asyncIterator]: () => iterateBody(body) }
}
