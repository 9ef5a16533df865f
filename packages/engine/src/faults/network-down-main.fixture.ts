import { execFileSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { sha256File, sha256OfRandomBytes } from '@windlass/testkit'
import { comesToRest, MB, noticed, openFaultWorld, REPO, receives } from './fault-world.fixture.ts'

/**
 * Pulls from a fake Hub on the loopback of a network of its own, which is down for a while
 * in the middle; prints what became of it. Started in a network namespace, as its root.
 */
const downMs = Number(process.argv[2])
const ip = (...args: string[]): void => void execFileSync('ip', args)
/** Without its address there is no route either, as on a machine that lost its network. */
const link = (state: 'up' | 'down'): void => {
  if (state === 'down') ip('address', 'flush', 'dev', 'lo')
  ip('link', 'set', 'lo', state)
}

link('up')
await using world = await openFaultWorld({ sizeBytes: 12 * MB })
world.hub.setCdnRate(1 * MB)
const engine = await world.open(
  {},
  { http: { timeouts: { connectMs: 1_000, headersMs: 1_000, bodyMs: 1_000 } } },
)
const told = noticed(engine)
const { download } = await engine.downloads.create({ ref: REPO })
await receives(engine, download.id, 3 * MB)
link('down')
const { receivedBytes } = (await engine.downloads.find(download.id)).progress
const used = process.cpuUsage()
await delay(downMs)
const spent = process.cpuUsage(used)
const before = (await engine.downloads.find(download.id)).state
world.hub.clearLog()
link('up')
const upAt = performance.now()
await receives(engine, download.id, receivedBytes + 1)
const backAfterMs = performance.now() - upAt
const { state } = await comesToRest(engine, download.id)
const sha256 = await sha256OfRandomBytes({ seed: 'weights', sizeBytes: world.sizeBytes })
const isRight = (await sha256File(world.final)) === sha256
const cpuMs = (spent.user + spent.system) / 1000
const sentAgain = world.sent() - (world.sizeBytes - receivedBytes)
process.stdout.write(
  JSON.stringify({ before, state, isRight, backAfterMs, cpuMs, told, receivedBytes, sentAgain }),
)
