import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { tempDir } from './files/temp-dir.ts'

const MAIN = new URL('./fake-hub-main.ts', import.meta.url).pathname

test('serves a seed file until it is told to stop', { timeout: 30_000 }, async () => {
  await using dir = await tempDir()
  const files = [
    { path: 'config.json', content: '{}' },
    { path: 'model.bin', content: { seed: 's', sizeBytes: 1000 } },
  ]
  await writeFile(dir.join('seed.json'), JSON.stringify({ repos: [{ id: 'org/seeded', files }] }))
  const child = spawn(process.execPath, [MAIN, '--seed', dir.join('seed.json')])
  const exited = once(child, 'exit')
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const endpoint = String((await lines.next()).value).replace('HF_ENDPOINT=', '')
  expect((await lines.next()).value).toBe('WINDLASS_ALLOW_HOSTS=localhost:*')
  const response = await fetch(`${endpoint}/org/seeded/resolve/main/model.bin`)
  expect((await response.arrayBuffer()).byteLength).toBe(1000)
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
})
