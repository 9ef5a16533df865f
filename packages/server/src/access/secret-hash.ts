import { createHash, randomBytes } from 'node:crypto'
import { Secret } from '@windlass/engine'

const SECRET_BYTES = 32

/** A new secret of 256 bits, fit for a header, a cookie and the part of an address behind `#`. */
export function newSecret(): Secret {
  return new Secret(randomBytes(SECRET_BYTES).toString('base64url'))
}

/** What is kept of a secret: its SHA-256 in hexadecimal. Ours are too long to be found from it. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
