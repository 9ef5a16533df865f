import { WindlassError } from '../../errors/windlass-error.ts'
import type { TransferUnit } from '../store.ts'

/**
 * Name and size of the blob that a unit becomes: the Hub gives both for every file.
 * @throws WindlassError HTTP_PROTOCOL when one is missing
 */
export function blobOf({ file }: TransferUnit): {
  readonly name: string
  readonly sizeBytes: number
} {
  if (file.digest === null || file.sizeBytes === null) {
    throw new WindlassError('HTTP_PROTOCOL', { detail: `no digest or size for ${file.path}` })
  }
  return { name: file.digest.hex, sizeBytes: file.sizeBytes }
}
