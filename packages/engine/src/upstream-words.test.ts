import { inspect } from 'node:util'
import type { FaultRule } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { classify } from './errors/classify.ts'
import { LIMITS } from './faults/engine-options.fixture.ts'
import { openHubEngine } from './faults/hub-engine.fixture.ts'

const CANARY = 'CANARY-7f3a'
const TOKEN = 'hf_canarytoken'
const PAGE = `<html><body>${CANARY} ${'x'.repeat(2000)}</body></html>`

/** Pulls from a Hub that is wrong in this way; resolves with everything that anybody can see of it. */
async function everythingSaid(rule: FaultRule): Promise<{ state: string; text: string }> {
  await using pulling = await openHubEngine({
    environment: { HF_TOKEN: TOKEN },
    engine: { limits: { ...LIMITS, retries: 1 } },
  })
  const { hub, engine, logged } = pulling
  const large = { path: 'model.safetensors', content: { seed: 'm', sizeBytes: 300_000 } }
  await hub.addRepo({ id: 'org/tiny', files: [{ path: 'config.json', content: '{}' }, large] })
  hub.fault(rule)
  const plan = await engine.downloads
    .plan({ ref: 'org/tiny' }, { signal: new AbortController().signal })
    .catch((error: unknown) => classify(error).toJSON())
  const after = await pulling.pullOnce('org/tiny')
  const events = await engine.events.since(0, 1000)
  const text = inspect([plan, after, events, logged], { depth: 20, maxStringLength: null })
  return { state: after.state, text }
}

const headers = { 'X-Error-Message': CANARY, 'X-Error-Code': CANARY, 'WWW-Authenticate': CANARY }
const statuses = [400, 401, 403, 404, 409, 410, 418, 429, 451, 500, 502, 503]
const rules: readonly (readonly [where: string, rule: FaultRule])[] = [
  ...statuses.flatMap((status) =>
    (
      [
        ['the API', { role: 'hub', path: '/api/' }],
        ['a file of the Hub', { role: 'hub', path: '/resolve/' }],
        ['the CDN', { role: 'cdn' }],
      ] as const
    ).map(
      ([where, match]) =>
        [`${status} of ${where}`, { match, do: { status, body: PAGE, headers } }] as const,
    ),
  ),
  [
    'an error message of the API',
    { match: { role: 'hub', path: '/api/' }, do: { status: 404, body: `{"error":"${CANARY}"}` } },
  ],
  ['a page instead of JSON', { match: { path: '/api/' }, do: { status: 200, body: PAGE } }],
  [
    'JSON of another shape',
    { match: { path: '/api/' }, do: { status: 200, body: `{"sha":"${CANARY}"}` } },
  ],
  ['a page instead of a file', { match: { role: 'cdn' }, do: { status: 200, body: PAGE } }],
  [
    'a body behind a redirect',
    { match: { role: 'hub', path: '/resolve/' }, do: { status: 302, body: PAGE } },
  ],
]

it.each(rules)('nobody is told what is in %s', { timeout: 20_000 }, async (_, rule) => {
  const { state, text } = await everythingSaid(rule)
  expect(state).toMatch(/^(failed|blocked|waiting)$/)
  // Parsers quote what they stumble on, cut short: the first letters are enough.
  expect(text).not.toContain(CANARY.slice(0, 8))
  expect(text).not.toContain('<html')
  expect(text).not.toContain(TOKEN)
})
