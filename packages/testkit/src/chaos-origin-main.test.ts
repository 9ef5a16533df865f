import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'

test('serves files and its control interface until it is told to stop', async () => {
  const program = new URL('./chaos-origin-main.ts', import.meta.url).pathname
  const child = spawn(process.execPath, ['--conditions=windlass-source', program])
  const [first] = await once(child.stdout.setEncoding('utf8'), 'data')
  const [url = ''] = String(first).split('\n')
  const whole = await fetch(`${url}/f/a/100`)
  expect((await whole.arrayBuffer()).byteLength).toBe(100)
  await fetch(`${url}/__ctl/rules`, { method: 'PUT', body: '[{"do": {"status": 503}}]' })
  expect((await fetch(`${url}/f/a/100`)).status).toBe(503)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})
