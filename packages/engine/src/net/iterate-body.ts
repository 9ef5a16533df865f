import type { ResponseBody } from './response-body.ts'

const PIECE_BYTES = 64 * 1024

/** The pieces of a body as they come. Leaving the loop gives the rest up. */
export async function* iterateBody(
  body: Omit<ResponseBody, typeof Symbol.asyncIterator>,
): AsyncGenerator<Buffer> {
  const pieces: Buffer[] = []
  let room = Buffer.alloc(0)
  let end: { readonly error: unknown } | 'told' | null = null
  let taken = Promise.withResolvers<void>()
  let news = Promise.withResolvers<void>()
  body.pour({
    room: () => {
      room = Buffer.allocUnsafeSlow(PIECE_BYTES)
      return room
    },
    filled(bytes) {
      pieces.push(room.subarray(0, bytes))
      news.resolve()
      return taken.promise
    },
    ended() {
      end ??= 'told'
      news.resolve()
    },
    failed(error) {
      end ??= { error }
      news.resolve()
    },
  })
  try {
    for (;;) {
      const piece = pieces.shift()
      if (piece !== undefined) yield piece
      else if (end !== null) break
      else {
        taken.resolve()
        await news.promise
        taken = Promise.withResolvers<void>()
        news = Promise.withResolvers<void>()
      }
    }
    throwFailure(end)
  } finally {
    body.destroy()
  }
}

function throwFailure(end: { readonly error: unknown } | 'told' | null): void {
  if (end !== null && end !== 'told') throw end.error
}
