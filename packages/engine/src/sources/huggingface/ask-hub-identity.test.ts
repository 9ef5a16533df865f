import { startFakeHub } from '@windlass/testkit'
import { expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../runtime/clock.ts'
import { Secret } from '../../runtime/secret.ts'
import { askHubIdentity } from './ask-hub-identity.ts'

async function ask(token: string, offline = false) {
  const hub = await startFakeHub({ users: { hf_me: 'me' } })
  onTestFinished(() => hub.close())
  const options = {
    hub: { endpoint: hub.endpoint, offline },
    clock: systemClock,
    userAgent: 'test',
    proxy: {},
  }
  const { signal } = new AbortController()
  return { hub, answer: askHubIdentity(new Secret(token), options, { signal }) }
}

it('says whose token it is', async () => {
  const { answer, hub } = await ask('hf_me')
  expect(await answer).toEqual({ name: 'me', tokenName: 'me', role: 'read' })
  expect(hub.log.map(({ path }) => path)).toEqual(['/api/whoami-v2'])
})

it('fails where the Hub does not know it, without showing it', async () => {
  const { answer } = await ask('hf_canary')
  const error: unknown = await answer.catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'HTTP_AUTH' })
  expect(JSON.stringify(error) + String(error)).not.toContain('hf_canary')
})

it('asks nothing offline', async () => {
  const { answer, hub } = await ask('hf_me', true)
  await expect(answer).rejects.toMatchObject({ code: 'HUB_OFFLINE' })
  expect(hub.log).toEqual([])
})
