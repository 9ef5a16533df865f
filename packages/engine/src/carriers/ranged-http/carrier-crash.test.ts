import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { readBytes } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { type CarrierFixture, openCarrierFixture } from './carrier-fixture.ts'

const MIB = 1024 * 1024
const SIZE = 12 * MIB
const CHILD = fileURLToPath(new URL('./transfer-child-fixture.ts', import.meta.url))

function startChild(fixture: CarrierFixture): ChildProcess {
  const { partPath, journalPath } = fixture.staged
  const args = [`${fixture.hubUrl}/model.bin`, String(SIZE), partPath, journalPath]
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

it('loses at most 1 MiB each time the process is killed', { timeout: 60_000 }, async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: SIZE })
  // Slow enough that nothing piles up between the two processes: what is sent is received.
  fixture.fault({ match: { role: 'cdn' }, do: { bytesPerSecond: 4 * MIB } })
  for (const stopAt of [0.5, 2.6, 5.5, 8.8, 10.9]) await killAt(startChild(fixture), stopAt * MIB)
  fixture.heal()
  await fixture.transfer()
  const there = await readFile(fixture.staged.partPath)
  expect(there.equals(readBytes(fixture.bytes))).toBe(true)
  const requests = fixture.log.filter(({ role }) => role === 'cdn')
  for (const [index, request] of requests.entries()) {
    const next = requests[index + 1]
    if (next === undefined) continue
    const sentUpTo = startOf(request.range) + request.bytesSent
    expect(sentUpTo - startOf(next.range), `kill ${index}`).toBeLessThanOrEqual(MIB)
  }
})

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
