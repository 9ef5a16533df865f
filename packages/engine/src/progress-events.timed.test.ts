import type { WindlassEvent } from '@windlass/contract'
import { expect, it } from 'vitest'
import { openHubEngine } from './faults/hub-engine.fixture.ts'

const MB = 1_000_000
/** Samples are half a second apart; a busy machine may be late with one, and so early for the next. */
const CLOSEST_MS = 300

it('samples progress twice a second at most, and tells it with every change and at the end', async () => {
  await using test = await openHubEngine()
  const file = { path: 'model.safetensors', content: { seed: 'a', sizeBytes: 6 * MB } }
  await test.hub.addRepo({ id: 'org/name', files: [file] })
  test.hub.setCdnRate(2 * MB)
  const events: WindlassEvent[] = []
  test.engine.events.subscribe((event) => events.push(event))
  await test.pullOnce('org/name')
  const samples = events.filter(({ type }) => type === 'download.progressed')
  expect(samples.length).toBeGreaterThan(2)
  const gaps = samples.slice(1).map(({ at }, before) => at - (samples[before]?.at ?? 0))
  expect(Math.min(...gaps)).toBeGreaterThan(CLOSEST_MS)
  const changes = events.filter((event) => event.type === 'download.state-changed')
  const told = changes.map(({ data: { to, download } }) => [to, download.progress.receivedBytes])
  expect(told.at(-1)).toEqual(['completed', 6 * MB])
  expect(changes.at(-1)?.data.download.progress).toMatchObject({ percent: 100, filesDone: 1 })
})
