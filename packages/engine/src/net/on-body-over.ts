import type { BodySink, ResponseBody } from './response-body.ts'

/** The same body; `over` is called, perhaps more than once, when nobody takes anything of it any more. */
export function onBodyOver(body: ResponseBody, over: () => void): ResponseBody {
  return {
    pour: (sink) => body.pour(watched(sink, over)),
    discard() {
      body.discard()
      over()
    },
    destroy() {
      body.destroy()
      over()
    },
    async *[Symbol.asyncIterator]() {
      try {
        yield* body
      } finally {
        over()
      }
    },
  }
}

function watched(sink: BodySink, over: () => void): BodySink {
  return {
    room: () => sink.room(),
    filled: (bytes) => sink.filled(bytes),
    ended() {
      over()
      sink.ended()
    },
    failed(error) {
      over()
      sink.failed(error)
    },
  }
}
