import { expect, it, vi } from 'vitest'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { testPorts } from './engine-options.fixture.ts'
import { comesToRest, MB, openFaultWorld, REPO, receives } from './fault-world.fixture.ts'
import { reaches } from './hub-engine.fixture.ts'

// Many at once on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/*
 * P12 and the time-outs of rule R7: a wall clock that jumps, and lines that are slow but
 * alive. The monotonic clock is the one that counts.
 */

const YEAR_MS = 365 * 24 * 3600 * 1000
const DAY_MS = 24 * 3600 * 1000

/** The system's clock, with a wall clock that can be set. */
function jumpingClock(): Clock & { jump(ms: number): void } {
  let offsetMs = 0
  return {
    ...systemClock,
    now: () => systemClock.now() + offsetMs,
    jump(ms) {
      offsetMs += ms
    },
  }
}

it.concurrent.for([
  { what: 'ten years ahead', ms: 10 * YEAR_MS },
  { what: 'a day back', ms: -DAY_MS },
])('P12: a clock that is set $what in the middle changes nothing', async ({ ms }) => {
  await using world = await openFaultWorld({ sizeBytes: 8 * MB })
  world.hub.setCdnRate(5 * MB)
  const clock = jumpingClock()
  const engine = await world.open({ ports: testPorts({ clock }) })
  const shown: number[] = []
  engine.events.subscribe((event) => {
    if (event.type !== 'download.progressed') return
    const { bytesPerSecond, etaSeconds } = event.data.progress
    shown.push(bytesPerSecond, etaSeconds ?? 0)
  })
  const { download } = await engine.downloads.create({ ref: REPO })
  await receives(engine, download.id, 2 * MB)
  clock.jump(ms)
  const done = await comesToRest(engine, download.id)
  expect(done).toMatchObject({ state: 'completed' })
  expect(done.elapsedSeconds).toBeGreaterThanOrEqual(0)
  expect(Math.min(...shown)).toBeGreaterThanOrEqual(0)
  expect(world.asked()).toEqual([[0, world.sizeBytes]])
})

it.concurrent.for([
  { where: 'within a run', path: 'cdn', seconds: 3, ms: -DAY_MS },
  { where: 'within a run', path: 'cdn', seconds: 3, ms: 10 * YEAR_MS },
  { where: 'as a state', path: 'hub', seconds: 3, ms: -DAY_MS },
  { where: 'as a state', path: 'hub', seconds: 3, ms: 10 * YEAR_MS },
])(
  'P12: the rest that a host asks for is kept $where, though the clock jumps by $ms ms',
  async ({ path, seconds, ms }) => {
    await using world = await openFaultWorld({ sizeBytes: MB })
    const headers = { 'Retry-After': String(seconds) }
    const rule = { match: { role: path, times: 1 }, do: { status: 429, headers } }
    const limited = world.hub.fault(rule)
    const clock = jumpingClock()
    const engine = await world.open({ ports: testPorts({ clock }) })
    const { download } = await engine.downloads.create({ ref: REPO })
    const started = performance.now()
    while (limited.hits === 0) await systemClock.sleep(20, { signal: new AbortController().signal })
    await systemClock.sleep(500, { signal: new AbortController().signal })
    clock.jump(ms)
    expect(await reaches(engine, download.id, 'completed', 'failed', 'blocked')).toMatchObject({
      state: 'completed',
    })
    const took = performance.now() - started
    expect(took).toBeGreaterThanOrEqual(seconds * 1000 - 100)
    expect(took).toBeLessThan(seconds * 1000 + 5_000)
    const again = world.hub.log.filter(({ role }) => role === path)
    const [first, second] = again
    expect((second?.startedAtMs ?? 0) - (first?.startedAtMs ?? 0)).toBeGreaterThanOrEqual(
      seconds * 1000 - 50,
    )
  },
)
