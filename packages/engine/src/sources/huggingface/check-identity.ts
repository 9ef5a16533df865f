import { WindlassError } from '../../errors/windlass-error.ts'
import { headerOf, type ResponseHead } from '../../net/response-head.ts'
import { isCommit } from '../../stores/hub-cache/is-commit.ts'
import type { RemoteFile } from '../source.ts'

/**
 * Compares what the Hub says about a file on the way to its bytes with what it listed.
 * Headers that are absent, or say something else than a hash, prove nothing.
 * @throws WindlassError SOURCE_CHANGED when commit, size or digest is another one
 */
export function checkIdentity(head: ResponseHead, file: RemoteFile, commit: string | null): void {
  const answered = headerOf(head, 'x-repo-commit')
  if (answered === null) return
  if (commit !== null && isCommit(answered) && answered !== commit) {
    throw changed(file, `it is of commit ${answered}, not ${commit}`)
  }
  const size = headerOf(head, 'x-linked-size')
  if (size !== null && /^\d+$/.test(size) && file.sizeBytes !== null) {
    if (Number(size) !== file.sizeBytes) throw changed(file, `it has ${size} bytes`)
  }
  const etag = plainEtag(headerOf(head, 'x-linked-etag') ?? headerOf(head, 'etag') ?? '')
  // Of an LFS file the plain ETag may be that of its pointer, which has another length.
  if (file.digest === null || etag.length !== file.digest.hex.length) return
  if (/^[0-9a-f]+$/.test(etag) && etag !== file.digest.hex) throw changed(file, `it is ${etag}`)
}

/** `W/"x"` and `"x"` are x, as the Python client reads them. */
function plainEtag(etag: string): string {
  return etag.replace(/^W\//, '').replace(/^"|"$/g, '').toLowerCase()
}

function changed(file: RemoteFile, how: string): WindlassError {
  return new WindlassError('SOURCE_CHANGED', { detail: `${file.path}: ${how}` })
}
