import type { WindlassEvent } from '@windlass/contract'
import type { HubEngine } from '../faults/hub-engine.fixture.ts'

const WEIGHTS = { seed: 'shared weights', sizeBytes: 3_000_000 }
const NEW_WEIGHTS = { seed: 'new weights', sizeBytes: 2_000_000 }

/** Sizes of what {@link pullTwoRevisions} brings. */
export const SHARED_BYTES = WEIGHTS.sizeBytes
export const OLD_BYTES = '{"a":1}'.length
export const NEW_BYTES = '{"a": 22}'.length + NEW_WEIGHTS.sizeBytes

/** Puts `org/name` on the Hub at two commits that share their weights; the branch `old` is the first. */
export async function addTwoRevisions({ hub }: Pick<HubEngine, 'hub'>) {
  const { commit: old } = await hub.addRepo({
    id: 'org/name',
    files: [
      { path: 'config.json', content: '{"a":1}' },
      { path: 'sub/model.bin', content: WEIGHTS },
    ],
  })
  hub.moveRef({ id: 'org/name' }, 'old', old)
  const { commit: main } = await hub.commit({
    id: 'org/name',
    files: [
      { path: 'config.json', content: '{"a": 22}' },
      { path: 'extra.bin', content: NEW_WEIGHTS },
    ],
  })
  return { old, main }
}

/** Both of them in the cache. */
export async function pullTwoRevisions(world: Pick<HubEngine, 'hub' | 'pullOnce'>) {
  const commits = await addTwoRevisions(world)
  for (const ref of ['org/name@old', 'org/name']) {
    const { state, reason } = await world.pullOnce(ref)
    if (state !== 'completed') throw new Error(`${ref} is ${state}: ${reason?.message}`)
  }
  return commits
}

/** Waits for bytes of a download. */
export function received({ engine }: HubEngine, id: string): Promise<void> {
  return heard(engine, (event) => {
    if (event.type !== 'download.progressed' || event.data.id !== id) return false
    return event.data.progress.receivedBytes > 0
  })
}

/** Waits until a download is completed. */
export async function completed({ engine }: HubEngine, id: string): Promise<void> {
  const end = heard(
    engine,
    (event) =>
      event.type === 'download.state-changed' &&
      event.data.id === id &&
      event.data.to === 'completed',
  )
  if ((await engine.downloads.find(id)).state !== 'completed') await end
}

function heard(
  { events }: HubEngine['engine'],
  isMeant: (event: WindlassEvent) => boolean,
): Promise<void> {
  return new Promise((resolve) => {
    const off = events.subscribe((event) => {
      if (!isMeant(event)) return
      off()
      resolve()
    })
  })
}
