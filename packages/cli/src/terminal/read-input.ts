/** Reads a stream to its end as text; what is beyond `mostBytes` is not read. */
export async function readInput(
  input: AsyncIterable<Uint8Array | string>,
  mostBytes: number,
): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of input) {
    const chunk = Buffer.from(piece)
    pieces.push(chunk)
    bytes += chunk.length
    if (bytes >= mostBytes) break
  }
  return Buffer.concat(pieces).subarray(0, mostBytes).toString('utf8')
}
