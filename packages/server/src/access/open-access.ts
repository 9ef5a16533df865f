import type { AccessStore, Clock, Secret } from '@windlass/engine'
import { type ApiKeys, openApiKeys } from './api-keys.ts'
import { GuessLimit } from './guess-limit.ts'
import { Sessions } from './sessions.ts'
import { SingleUseCodes } from './single-use-codes.ts'

/** Everything that decides who may use the API. */
export interface Access {
  readonly keys: ApiKeys
  readonly sessions: Sessions
  readonly codes: SingleUseCodes
  readonly guesses: GuessLimit
}

export interface AccessOptions {
  readonly store: AccessStore
  readonly clock: Clock
  readonly token: Secret
  readonly socketToken: Secret | null
}

export async function openAccess(options: AccessOptions): Promise<Access> {
  const { store, clock } = options
  const keys = await openApiKeys(options)
  return {
    keys,
    sessions: new Sessions({ store, clock, grantedBy: keys.main }),
    codes: new SingleUseCodes(clock),
    guesses: new GuessLimit(clock),
  }
}
