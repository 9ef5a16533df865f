import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { liveServer } from './testing/live-server.ts'
import { sampleDownload } from './testing/sample-download.ts'

const MAIN = fileURLToPath(new URL('./testing/browser-like-main.ts', import.meta.url))

it('works where there is nothing but what a browser has', { timeout: 30_000 }, async () => {
  const result = { path: '/p', sizeBytes: 8, verified: true }
  const server = await liveServer(sampleDownload({ state: 'downloading' }))
  onTestFinished(() => server.close())
  server.on('GET /go', () => server.move({ state: 'completed', result }))
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=windlass-source',
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    MAIN,
    server.baseUrl,
  ])
  expect(JSON.parse(stdout)).toEqual({
    states: ['downloading', 'completed'],
    refused: 'HTTP_PROTOCOL',
    path: '/p',
    node: 'undefinedundefinedundefined',
  })
})
