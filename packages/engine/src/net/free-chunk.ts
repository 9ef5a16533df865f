/**
 * Gives the memory of a chunk back at once, when nobody else can be looking at it. Left to
 * the garbage collector, the chunks of a fast transfer would fill memory faster than it
 * runs, and make it run far more often.
 *
 * A chunk as it comes off a socket spans its whole memory. One that is a part of a larger
 * piece, such as Node's shared pool or the bytes behind a header, is left alone.
 */
export function freeChunk(chunk: Buffer): void {
  const { buffer } = chunk
  if (chunk.byteLength < buffer.byteLength || !(buffer instanceof ArrayBuffer)) return
  if (buffer.detached) return
  buffer.transfer(0)
}
