import type { FileHandle } from 'node:fs/promises'

/** A write that could not go on. Some of its bytes may be in the file all the same. */
export interface PartialWrite {
  readonly writtenBytes: number
  readonly error: unknown
}

/**
 * Writes all of `buffers` at `position`, however short the single writes are (a disk
 * that fills up ends one in the middle). Never throws: says how far it came.
 *
 * @returns null when everything is written
 */
export async function writeFully(
  handle: FileHandle,
  buffers: readonly Buffer[],
  position: number,
): Promise<PartialWrite | null> {
  let rest = buffers
  let writtenBytes = 0
  while (rest.length > 0) {
    try {
      const { bytesWritten } = await handle.writev(rest, position + writtenBytes)
      writtenBytes += bytesWritten
      rest = withoutFirst(rest, bytesWritten)
    } catch (error) {
      return { writtenBytes, error }
    }
  }
  return null
}

function withoutFirst(buffers: readonly Buffer[], bytes: number): readonly Buffer[] {
  let index = 0
  let left = bytes
  for (const buffer of buffers) {
    if (buffer.length > left) break
    left -= buffer.length
    index++
  }
  const [partial, ...whole] = buffers.slice(index)
  return partial === undefined ? [] : [partial.subarray(left), ...whole]
}
