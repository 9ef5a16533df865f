import type { HttpResponse } from '../../net/http-client.ts'

/** How every pointer begins (Git LFS specification), and more than any of them is long. */
const BEGINNING = 'version https://git-lfs.github.com/spec/'
const LONGEST_BYTES = 1024

/** Whether a body is what git keeps in the place of a large file. Reads no more than a pointer's length. */
export async function isLfsPointer(body: HttpResponse['body']): Promise<boolean> {
  let start = ''
  try {
    for await (const chunk of body) {
      start += Buffer.from(chunk).toString('latin1')
      if (start.length >= BEGINNING.length || start.length > LONGEST_BYTES) break
    }
  } catch {
    return false // a body that cannot be read is none
  }
  return start.startsWith(BEGINNING)
}
