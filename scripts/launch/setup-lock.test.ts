import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { withSetupLock } from './setup-lock.mjs'

let parent: string
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'windlass-lock-'))
})
afterEach(() => rm(parent, { recursive: true }))

const silent = () => {}

async function leaveLock(holder: { id: string; pid: number; host: string }) {
  await mkdir(join(parent, 'lock'))
  await writeFile(join(parent, 'lock/owner.json'), JSON.stringify(holder))
}

/** The id of a process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid
}

it('runs one after the other, and leaves nothing behind', async () => {
  const order: string[] = []
  const work = (name: string) => async () => {
    order.push(`${name} begins`)
    await new Promise((resolve) => setTimeout(resolve, 20))
    order.push(`${name} ends`)
  }
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => withSetupLock(parent, silent, work(name))))
  expect(order).toHaveLength(8)
  for (let index = 0; index < 8; index += 2) {
    expect(order[index + 1]).toBe(order[index]?.replace('begins', 'ends'))
  }
  expect(await readdir(parent)).toEqual([])
})

it('lets go when the work fails', async () => {
  const broken = withSetupLock(parent, silent, () => Promise.reject(new Error('on purpose')))
  await expect(broken).rejects.toThrow('on purpose')
  expect(await withSetupLock(parent, silent, async () => 'next')).toBe('next')
})

it('takes over from a process that died, also when several want to', async () => {
  await leaveLock({ id: 'owner-dead', pid: deadPid(), host: hostname() })
  let inside = 0
  let most = 0
  const work = async () => {
    inside += 1
    most = Math.max(most, inside)
    await new Promise((resolve) => setTimeout(resolve, 10))
    inside -= 1
  }
  await Promise.all([1, 2, 3, 4, 5].map(() => withSetupLock(parent, silent, work)))
  expect(most).toBe(1)
})

it('says once for whom it waits', async () => {
  const said: string[] = []
  let second: Promise<void> | undefined
  await withSetupLock(parent, silent, async () => {
    const heard = new Promise<void>((resolve) => {
      const say = (text: string) => {
        said.push(text)
        resolve()
      }
      second = withSetupLock(parent, say, async () => {})
    })
    await heard
  })
  await second
  expect(said).toEqual([expect.stringContaining(`process ${process.pid}`)])
})

it('takes over from a holder that shows no sign of life, whatever runs under its number', async () => {
  await leaveLock({ id: 'owner-silent', pid: process.pid, host: 'another-host' })
  const options = { silenceMs: 50 }
  expect(await withSetupLock(parent, silent, async () => 'done', options)).toBe('done')
})
