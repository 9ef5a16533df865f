import { manualClock } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { HostMemory } from './host-memory.ts'

const UNKNOWN = { start: 1, isTried: false, limit: Number.MAX_SAFE_INTEGER }

it('remembers each habit of each host by itself', () => {
  const hosts = new HostMemory(manualClock())
  hosts.noteMisreadIfRange('a')
  hosts.noteConnections('a', 6, true)
  hosts.noteConnectionLimit('b', 2)
  expect([hosts.misreadsIfRange('a'), hosts.misreadsIfRange('b')]).toEqual([true, false])
  expect(hosts.connections('a')).toEqual({ ...UNKNOWN, start: 6, isTried: true })
  expect(hosts.connections('b')).toEqual({ ...UNKNOWN, limit: 2 })
})

it('counts on connections for ten minutes', async () => {
  const clock = manualClock()
  const hosts = new HostMemory(clock)
  hosts.noteConnections('a', 6, true)
  hosts.noteConnectionLimit('a', 2)
  await clock.advance(10 * 60_000 - 1)
  expect(hosts.connections('a')).toEqual({ start: 6, isTried: true, limit: 2 })
  await clock.advance(1)
  expect(hosts.connections('a')).toEqual(UNKNOWN)
})

it('forgets the host that it heard of longest ago', () => {
  const hosts = new HostMemory(manualClock())
  for (let index = 0; index <= 1000; index++) hosts.noteMisreadIfRange(String(index))
  expect([hosts.misreadsIfRange('0'), hosts.misreadsIfRange('1')]).toEqual([false, true])
})
