import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { readHubEnvironment } from '@windlass/engine'
import { createCertificate } from '@windlass/testkit'
import { expect, it, onTestFinished } from 'vitest'
import { checkHub } from './check-hub.ts'

it('does not find a Hub well whose certificate downloads would refuse', async () => {
  const server = createServer(createCertificate({ names: ['127.0.0.1'] }), (_, r) => void r.end())
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  onTestFinished(() => void delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'])
  const { port } = server.address() as AddressInfo // a listening TCP server has one
  const hub = readHubEnvironment({ HF_ENDPOINT: `https://127.0.0.1:${port}` }, '/nonexistent')
  const answer = (await checkHub({ hub, proxy: {} })).at(-1)
  expect(answer).toMatchObject({
    name: 'Hub',
    text: expect.stringContaining('could not be trusted'),
  })
})
