import { join } from 'node:path'

/** Where a home keeps the token that a person gave to Windlass for the Hub. */
export function ownTokenPath(home: string): string {
  return join(home, 'tokens', 'huggingface')
}
