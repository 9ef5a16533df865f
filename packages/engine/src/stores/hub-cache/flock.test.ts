import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { manualClock, requireTool, tempDir } from '@windlass/testkit'
import { expect, it, vi } from 'vitest'
import { StopRequest } from '../../runtime/stop-request.ts'
import { BlobLocks } from './blob-locks.ts'
import { tryFlock } from './flock.ts'
import { never, silent } from './testing/pull-case.ts'

it('excludes a second holder until it is released, and leaves the file', async (context) => {
  requireTool(context, 'flock')
  await using dir = await tempDir()
  const first = await tryFlock(dir.join('a.lock'), 0o664)
  expect(first.kind).toBe('held')
  expect((await tryFlock(dir.join('a.lock'), 0o664)).kind).toBe('busy')
  if (first.kind === 'held') first.release()
  const second = await tryFlock(dir.join('a.lock'), 0o664)
  expect(second.kind).toBe('held')
  if (first.kind === 'held') first.release()
  expect((await tryFlock(dir.join('a.lock'), 0o664)).kind).toBe('busy')
  if (second.kind === 'held') second.release()
  expect((await stat(dir.join('a.lock'))).mode & 0o777).toBe(0o664)
})

it('does not follow a planted link', async () => {
  await using dir = await tempDir()
  await symlink(dir.join('elsewhere'), dir.join('a.lock'))
  expect((await tryFlock(dir.join('a.lock'), 0o664)).kind).toBe('unsupported')
  expect(await readdir(dir.path)).toEqual(['a.lock'])
})

it('goes on without a lock where locks do not work, and says so once', async () => {
  await using dir = await tempDir()
  const told: object[] = []
  const log = { info: (facts: object) => void told.push(facts) }
  const locks = new BlobLocks({ clock: manualClock(), log })
  const options = { signal: never, onWait: () => expect.unreachable() }
  // A folder cannot be opened for writing, whoever asks.
  const release = await locks.take(dir.path, 0o664, options)
  release()
  await locks.take(dir.path, 0o664, options)
  expect(told).toEqual([{ reason: 'EISDIR' }])
})

it('waits with growing pauses and tells so once', async (context) => {
  requireTool(context, 'flock')
  await using dir = await tempDir()
  const clock = manualClock()
  const locks = new BlobLocks({ clock, log: silent })
  const path = dir.join('deep', 'a.lock')
  const release = await locks.take(path, 0o664, {
    signal: never,
    onWait: () => expect.unreachable(),
  })
  let waits = 0
  let isOurs = false
  const onWait = (): void => {
    waits += 1
  }
  const waiting = locks.take(path, 0o664, { signal: never, onWait }).then((releaseSecond) => {
    isOurs = true
    releaseSecond()
  })
  for (const pauseMs of [50, 100, 200, 400, 800, 1000, 1000]) {
    await clock.untilWaiting(1)
    await clock.advance(pauseMs - 1)
    expect(clock.waiting).toBe(1)
    await clock.advance(1)
  }
  expect({ waits, isOurs }).toEqual({ waits: 1, isOurs: false })
  await clock.untilWaiting(1)
  release()
  await clock.advance(1000)
  await waiting
  expect(isOurs).toBe(true)
})

it('stops waiting with the reason of the signal, and leaves no descriptor and no child', async (context) => {
  requireTool(context, 'flock')
  if (process.platform !== 'linux') context.skip('open descriptors are listed on Linux only')
  await using dir = await tempDir()
  const clock = manualClock()
  const locks = new BlobLocks({ clock, log: silent })
  const path = dir.join('a.lock')
  const release = await locks.take(path, 0o664, { signal: never, onWait: () => undefined })
  const before = await descriptorsOf(path)
  const controller = new AbortController()
  const waiting = locks.take(path, 0o664, { signal: controller.signal, onWait: () => undefined })
  await clock.untilWaiting(1)
  const reason = new StopRequest('pause')
  controller.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  expect(await descriptorsOf(path)).toBe(before)
  release()
  expect(await descriptorsOf(path)).toBe(0)
})

it('gives back a lock that it got in the moment it was stopped', async (context) => {
  requireTool(context, 'flock')
  await using dir = await tempDir()
  const locks = new BlobLocks({ clock: manualClock(), log: silent })
  const controller = new AbortController()
  const { signal } = controller
  const taking = locks.take(dir.join('a.lock'), 0o664, { signal, onWait: () => undefined })
  controller.abort(new StopRequest('cancel'))
  await expect(taking).rejects.toBe(signal.reason)
  expect((await tryFlock(dir.join('a.lock'), 0o664)).kind).toBe('held')
})

it('sees a lock end with the process that held it', async (context) => {
  const flock = requireTool(context, 'flock')
  await using dir = await tempDir()
  const path = dir.join('a.lock')
  const holder = spawn(flock, ['-x', path, '-c', 'echo locked; exec cat'], { stdio: 'pipe' })
  await once(holder.stdout, 'data')
  expect((await tryFlock(path, 0o664)).kind).toBe('busy')
  const ended = once(holder, 'close')
  holder.stdin.end()
  await ended
  expect((await tryFlock(path, 0o664)).kind).toBe('held')
})

async function descriptorsOf(path: string): Promise<number> {
  const fds = await readdir('/proc/self/fd')
  const targets = await Promise.all(
    fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  )
  return targets.filter((target) => target === path).length
}

it('takes no lock on a file that was removed while it locked it', async (context) => {
  const flock = requireTool(context, 'flock')
  await using dir = await tempDir()
  const path = dir.join('a.lock')
  const script = `#!/bin/sh\nrm '${path}'\nexec '${flock}' "$@"\n`
  await writeFile(dir.join('flock'), script, { mode: 0o755 })
  vi.stubEnv('PATH', `${dir.path}:${process.env['PATH']}`)
  expect((await tryFlock(path, 0o664)).kind).toBe('busy')
  vi.unstubAllEnvs()
  expect((await tryFlock(path, 0o664)).kind).toBe('held')
})

it('asks for the `flock` program once where there is none', async () => {
  await using dir = await tempDir()
  vi.stubEnv('PATH', dir.path)
  const told: object[] = []
  const log = { info: (facts: object) => void told.push(facts) }
  const locks = new BlobLocks({ clock: manualClock(), log })
  const options = { signal: never, onWait: () => expect.unreachable() }
  const release = await locks.take(dir.join('a.lock'), 0o664, options)
  release()
  await locks.take(dir.join('b.lock'), 0o664, options)
  vi.unstubAllEnvs()
  expect(told).toHaveLength(1)
  expect(await readdir(dir.path)).toEqual(['a.lock'])
})
