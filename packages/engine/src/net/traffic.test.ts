import { expect, it } from 'vitest'
import { Traffic } from './traffic.ts'

it('adds up the bytes of each source and host, and bounds the hosts', () => {
  const traffic = new Traffic()
  traffic.counter('http', 'a').bytes += 5
  traffic.counter('http', 'a').bytes += 7
  traffic.counter('huggingface', 'a').bytes += 1
  expect(traffic.list()).toEqual([
    { source: 'http', host: 'a', bytes: 12 },
    { source: 'huggingface', host: 'a', bytes: 1 },
  ])
  for (let n = 0; n < 1000; n++) traffic.counter('http', `host-${n}`).bytes += 1
  traffic.counter('http', 'a').bytes += 1
  const all = traffic.list()
  expect(all).toHaveLength(101)
  expect(all.find(({ host }) => host === 'a')?.bytes).toBe(13)
  expect(all.find(({ host }) => host === 'other')?.bytes).toBe(902)
})
