import { WindlassError } from '../../errors/windlass-error.ts'
import type { HttpClient } from '../../net/http-client.ts'
import type { Clock } from '../../runtime/clock.ts'
import { isCommit } from '../../stores/hub-cache/is-commit.ts'
import type { ByteOrigin, RemoteFile, Source, SourceRef } from '../source.ts'
import { checkIdentity } from './check-identity.ts'
import { createHubAddresses } from './hub-addresses.ts'
import { type HubCall, openHubCall } from './hub-call.ts'
import type { HubEnvironment } from './hub-environment.ts'
import { formatHubRef, type HubRef } from './hub-ref.ts'
import { parseHubRef } from './parse-hub-ref.ts'
import { RefusedToken } from './refused-token.ts'
import { resolveRepo } from './resolve-repo.ts'

export interface HubSourceOptions {
  readonly http: Pick<HttpClient, 'open' | 'noteRest'>
  readonly environment: HubEnvironment
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Decides which file names can be held; the platform of this process when absent. */
  readonly platform?: NodeJS.Platform
}

/**
 * The Hugging Face Hub, or a mirror of it: models, datasets and spaces. A revision is
 * resolved to its commit once, and everything after that is asked for by the commit.
 */
export function createHubSource(options: HubSourceOptions): Source {
  const { environment } = options
  const addresses = createHubAddresses(environment.endpoint)
  const shared = { ...options, addresses, refusedToken: new RefusedToken(options.clock) }
  const platform = options.platform ?? process.platform
  return {
    id: 'huggingface',

    parse(text, { revision } = {}) {
      const ref = parseHubRef(text, { endpoint: environment.endpoint, revision })
      return ref === null ? null : { source: 'huggingface', canonical: formatHubRef(ref) }
    },

    async resolve(sourceRef, { signal }) {
      signal.throwIfAborted()
      const ref = readRef(sourceRef, environment)
      requireOnline(environment, ref)
      const call = await openHubCall(ref, { ...shared, signal })
      return resolveRepo(ref, call, platform)
    },

    async locate({ ref: sourceRef, revision, file }, { signal }) {
      signal.throwIfAborted()
      const ref = readRef(sourceRef, environment)
      requireOnline(environment, ref)
      const call = await openHubCall(ref, { ...shared, signal })
      return byteOrigin(ref, call, revision ?? ref.revision, file)
    },
  }
}

function byteOrigin(ref: HubRef, call: HubCall, revision: string, file: RemoteFile): ByteOrigin {
  return {
    url: call.addresses.file(ref, revision, file.path),
    headers: {},
    credentials: call.credentials,
    judge(head) {
      // What the signed address of another host answers is for the carrier to read.
      if (!call.addresses.speaksHub(head.url)) return
      if (head.status >= 400 && head.status !== 416) throw call.refusal(head, file.path)
      checkIdentity(head, file, isCommit(revision) ? revision : null)
    },
  }
}

function readRef(sourceRef: SourceRef, environment: HubEnvironment): HubRef {
  const ref = parseHubRef(sourceRef.canonical, environment)
  if (ref === null) throw new TypeError(`${sourceRef.canonical} is no ref of the Hub`)
  return ref
}

function requireOnline(environment: HubEnvironment, ref: HubRef): void {
  if (environment.offline) throw new WindlassError('HUB_OFFLINE', { detail: ref.repoId })
}
