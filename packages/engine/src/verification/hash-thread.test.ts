import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { runProgram, tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { HashThread } from './hash-thread.ts'

it('fails every pending digest as a bug of ours when the thread dies, and stays dead', async () => {
  await using dir = await tempDir()
  await writeFile(dir.join('file'), Buffer.alloc(100))
  const thread = new HashThread()
  thread.send({ type: 'open', id: 1, path: dir.join('file'), algorithm: 'sha256', sizeBytes: 100 })
  expect(await thread.finish(1, 100)).toMatch(/^[0-9a-f]{64}$/)
  // Nothing in a real message is like this: it stands for any failure inside the thread.
  thread.send({
    type: 'open',
    id: 2,
    path: '',
    algorithm: 'no such hash' as 'sha256',
    sizeBytes: 1,
  })
  thread.send(null as never)
  const pending = thread.finish(1, 100)
  await expect(pending).rejects.toMatchObject({ code: 'WORKER_LOST' })
  expect(thread.isDead).toBe(true)
  await expect(thread.finish(1, 100)).rejects.toMatchObject({ code: 'WORKER_LOST' })
})

it('could not begin for want of descriptors: that passes, and is told as what it is (D10)', async (context) => {
  context.skip(process.platform !== 'linux', 'prlimit is a program of Linux')
  await using dir = await tempDir()
  await writeFile(dir.join('file'), 'abc')
  const main = fileURLToPath(new URL('./starved-thread-main.fixture.ts', import.meta.url))
  const node = [process.execPath, '--conditions=windlass-source', main, dir.join('file')]
  const { exitCode, stdout } = await runProgram('prlimit', { args: ['--nofile=60', ...node] })
  expect(exitCode).toBe(0)
  expect(JSON.parse(stdout)).toEqual([
    'TOO_MANY_FILES',
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  ])
})
