import { expect, it } from 'vitest'
import { openHubEngine } from '../faults/hub-engine.fixture.ts'

it('refuses a destination by a code of its own, and keeps nothing of the request', async () => {
  await using w = await openHubEngine({ engine: { start: false } })
  const { downloads } = w.engine
  const request = { ref: 'org/a', destination: '/models/a' }
  const refusal = { code: 'DESTINATION_UNAVAILABLE', status: 501 }
  const sent = { idempotencyKey: 'key-1' }
  await expect(async () => downloads.create(request, sent)).rejects.toMatchObject(refusal)
  const { signal } = new AbortController()
  await expect(downloads.plan(request, { signal })).rejects.toMatchObject(refusal)
  expect((await downloads.list({ limit: 10 })).items).toEqual([])
  expect((await downloads.create({ ref: 'org/a' }, sent)).created).toBe(true)
})
