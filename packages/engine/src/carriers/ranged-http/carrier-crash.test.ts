import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type LoggedRequest, readBytes } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { type CarrierFixture, openCarrierFixture } from './carrier-fixture.ts'

const MIB = 1024 * 1024
const SIZE = 24 * MIB
const CHILD = fileURLToPath(new URL('./transfer-child-fixture.ts', import.meta.url))

function startChild(fixture: CarrierFixture, connections: number): ChildProcess {
  const { partPath, journalPath } = fixture.staged
  const args = [`${fixture.hubUrl}/model.bin`, SIZE, partPath, journalPath, connections].map(String)
  return spawn(process.execPath, ['--conditions=windlass-source', CHILD, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** Kills the child as soon as it reports so many bytes. */
async function killAt(child: ChildProcess, bytes: number): Promise<void> {
  for await (const text of child.stdout ?? []) {
    if (Number(String(text).trim().split('\n').at(-1)) >= bytes) break
  }
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

it.each([1, 4])(
  'P2: loses at most 1 MiB a connection each time the process is killed: %i',
  async (connections) => {
    await using fixture = await openCarrierFixture({ sizeBytes: SIZE })
    // Slow enough that nothing piles up between the two processes: what is sent is received.
    const bytesPerSecond = (4 * MIB) / connections
    fixture.fault({ match: { role: 'cdn' }, do: { bytesPerSecond } })
    const stops = [1, 5.3, 11.1, 17.7, 21.9]
    for (const stopAt of stops) await killAt(startChild(fixture, connections), stopAt * MIB)
    fixture.heal()
    await fixture.transfer()
    const there = await readFile(fixture.staged.partPath)
    expect(there.equals(readBytes(fixture.bytes))).toBe(true)
    const requests = fixture.log.filter(({ role }) => role === 'cdn')
    const sent = requests.reduce((sum, { bytesSent }) => sum + bytesSent, 0)
    expect(sent - SIZE).toBeLessThanOrEqual(stops.length * connections * MIB)
    const used = new Set(requests.map(({ connection }) => connection)).size
    if (connections > 1) expect(used).toBeGreaterThan(stops.length + 1)
    else expectLossBetween(requests)
  },
  60_000,
)

/** One connection: each run goes on less than 1 MiB before where the one before it was killed. */
function expectLossBetween(requests: readonly LoggedRequest[]): void {
  for (const [index, request] of requests.entries()) {
    const next = requests[index + 1]
    if (next === undefined) continue
    const sentUpTo = startOf(request.range) + request.bytesSent
    expect(sentUpTo - startOf(next.range), `kill ${index}`).toBeLessThanOrEqual(MIB)
  }
}

function startOf(range: string | undefined): number {
  return Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1])
}

it('keeps every byte that fits when the disk is full, and goes on when there is space', async ({
  skip,
}) => {
  skip(process.platform !== 'linux' || process.getuid?.() !== 0, 'mounting a small disk needs root')
  await using fixture = await openCarrierFixture({ sizeBytes: SIZE })
  const disk = fixture.dir.join('disk')
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk])
  try {
    const staged = { partPath: `${disk}/file.part`, journalPath: `${disk}/file.journal` }
    await expect(fixture.transfer({ staged })).rejects.toMatchObject({ code: 'ENOSPC' })
    const kept = fixture.progress.at(-1) ?? 0
    expect(kept).toBeGreaterThan(3 * MIB)
    await expect(fixture.transfer({ staged })).rejects.toMatchObject({ code: 'ENOSPC' })
    execFileSync('mount', ['-o', 'remount,size=64m', disk])
    await fixture.transfer({ staged })
    expect(fixture.asked('cdn').slice(1)).toEqual(Array(2).fill(`bytes=${kept}-${SIZE - 1}`))
    expect((await readFile(staged.partPath)).equals(readBytes(fixture.bytes))).toBe(true)
  } finally {
    execFileSync('umount', [disk])
    await rm(disk, { recursive: true })
  }
})
