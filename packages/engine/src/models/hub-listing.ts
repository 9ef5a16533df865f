import type { ErrorCode } from '@windlass/contract'
import { classify } from '../errors/classify.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import type { Clock } from '../runtime/clock.ts'
import { StopRequest, withChildSignal } from '../runtime/stop-request.ts'
import { formatHubRef } from '../sources/huggingface/hub-ref.ts'
import type { CallOptions, Source } from '../sources/source.ts'
import type { HubCachePlacement, HubTreeFile } from '../stores/placement.ts'
import type { ModelId } from './model-name.ts'

export interface HubListingDeps {
  readonly hub: Pick<Source, 'resolve'>
  readonly clock: Pick<Clock, 'sleep'>
}

export interface Listing {
  readonly files: readonly HubTreeFile[]
  readonly from: 'listing' | 'hub'
  /** Why the Hub's own is not used. */
  readonly hubError: ErrorCode | null
}

/** How long a person waits for a host that has nothing to say. */
const PATIENCE_MS = 15_000

/**
 * The Hub's listing of a revision, or the one in the cache where the Hub does not give its own: a
 * commit is what it always was.
 * @throws WindlassError the Hub's refusal, when there is no other listing
 */
export async function listingOf(
  model: ModelId & { readonly revision: string },
  stored: readonly HubTreeFile[] | null,
  deps: HubListingDeps,
  options: CallOptions,
): Promise<Listing> {
  try {
    const { tree } = await askHub(model, deps, options)
    return { files: tree, from: 'hub', hubError: null }
  } catch (thrown) {
    options.signal.throwIfAborted()
    const error = classify(thrown)
    if (stored === null) throw error
    return { files: stored, from: 'listing', hubError: error.code }
  }
}

/**
 * What a revision stands for on the Hub at this moment.
 * @throws WindlassError the Hub's refusal; NET_TIMEOUT
 */
export async function askHub(
  { repoType, repoId, revision }: ModelId & { readonly revision: string },
  { hub, clock }: HubListingDeps,
  { signal }: CallOptions,
): Promise<HubCachePlacement> {
  const ref = { repoType, repoId, revision, path: null, quantization: null }
  const canonical = formatHubRef(ref)
  return await withChildSignal(signal, async (asking) => {
    const waiting = clock
      .sleep(PATIENCE_MS, { signal: asking.signal })
      .then(() => asking.abort(new StopRequest('shutdown')))
      .catch(() => undefined) // ended below, with the answer
    try {
      const source = { source: 'huggingface', canonical }
      return (await hub.resolve(source, { signal: asking.signal })).placement
    } catch (error) {
      if (asking.signal.aborted && !signal.aborted) {
        throw new WindlassError('NET_TIMEOUT', { detail: repoId, cause: error })
      }
      throw error
    } finally {
      asking.abort(new StopRequest('shutdown'))
      await waiting
    }
  })
}
