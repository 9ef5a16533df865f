import type { WindlassError } from '../errors/windlass-error.ts'

/** What this machine lacks is neither the host's fault nor the file's, and comes back by itself. */
const PAUSES_MS: Readonly<Record<string, number>> = { TOO_MANY_FILES: 500, NET_DOWN: 2_000 }
/** What the resolver says when none of this machine's name servers answers: nothing about the name. */
const NO_NAME_SERVER = 'EAI_AGAIN'

/**
 * How long to wait after a failure that does not count as an attempt, in milliseconds: soon
 * enough to go on when it is over, and seldom enough to cost nothing. Null for all others.
 */
export function uncountedPauseMs({ code, facts }: WindlassError): number | null {
  const isCut = code === 'NET_DNS' && facts['resolver'] === NO_NAME_SERVER
  return PAUSES_MS[isCut ? 'NET_DOWN' : code] ?? null
}
