import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { LIMITS } from './engine-options.fixture.ts'
import {
  addRepo,
  bytesSent,
  OVER,
  onDisk,
  SIZE,
  type World,
  world,
} from './status-world.fixture.ts'

// Several engines at once on a busy machine.
vi.setConfig({ testTimeout: 30_000 })

/* H9 and H10 of the catalogue: a token that is no longer valid, and one that is not enough. */

const REVOKED = 'hf_revoked'
const GOOD = 'hf_good'
const ONE_BY_ONE = { ...LIMITS, maxActive: 1 }

async function logIn(w: World, token: string): Promise<void> {
  await mkdir(w.hfHome, { recursive: true })
  await writeFile(join(w.hfHome, 'token'), token)
}

const shown = (w: World, token: string) =>
  w.hub.log.filter(({ headers }) => headers.authorization === `Bearer ${token}`)

it('H9: a token that the Hub refuses is shown once, whatever else waits for the Hub', async () => {
  await using w = await world({
    hub: { hub: { users: { [GOOD]: 'me' } }, engine: { limits: ONE_BY_ONE } },
  })
  await logIn(w, REVOKED)
  const names = ['org/a', 'org/b', 'org/c']
  const ids: string[] = []
  const commits: string[] = []
  for (const name of names) commits.push((await addRepo(w, name)).commit)
  for (const name of names) ids.push(await w.pull(name))
  for (const id of ids) {
    const blocked = await w.reaches(id, ...OVER)
    expect(blocked).toMatchObject({ state: 'blocked', reason: { code: 'HTTP_AUTH' } })
    expect(blocked.reason?.hint).toMatch(/resume/)
    expect(blocked.reason?.message).not.toContain(REVOKED)
  }
  expect(shown(w, REVOKED)).toHaveLength(1)
  expect(w.hub.log).toHaveLength(1)
  // A person logs in again: what waits has nothing to do with the other token.
  await logIn(w, GOOD)
  for (const [at, id] of ids.entries()) {
    await w.engine.downloads.resume(id)
    expect(await w.reaches(id, ...OVER)).toMatchObject({ state: 'completed' })
    expect(await onDisk(w, names[at] ?? '', commits[at] ?? '')).toBe('right')
  }
  expect(shown(w, REVOKED)).toHaveLength(1)
  expect(bytesSent(w.requests('cdn'))).toBe(names.length * SIZE)
})

it('H9: the same token is shown again after a while, for it may be valid by then', async () => {
  await using w = await world({
    factor: 40,
    hub: { hub: { users: { [REVOKED]: 'me' } }, engine: { limits: ONE_BY_ONE } },
  })
  await logIn(w, REVOKED)
  const { commit } = await addRepo(w)
  const headers = { 'X-Error-Message': 'Invalid credentials in Authorization header' }
  w.hub.fault({ match: { role: 'hub', times: 1 }, do: { status: 401, headers } })
  const id = await w.pull('org/a')
  expect(await w.reaches(id, ...OVER)).toMatchObject({ reason: { code: 'HTTP_AUTH' } })
  await w.engine.downloads.resume(id)
  const still = await w.reaches(id, ...OVER)
  expect(still).toMatchObject({ state: 'blocked', reason: { code: 'HTTP_AUTH' } })
  expect(still.reason?.message).toContain('a moment ago')
  expect(w.hub.log).toHaveLength(1)
  await w.clock.sleep(61_000, { signal: new AbortController().signal })
  await w.engine.downloads.resume(id)
  expect(await w.reaches(id, ...OVER)).toMatchObject({ state: 'completed' })
  expect(await onDisk(w, 'org/a', commit)).toBe('right')
  expect(bytesSent(w.requests('cdn'))).toBe(SIZE)
})

it.each([
  { who: 'nobody', login: async () => {}, hint: /HF_TOKEN/ },
  { who: 'one whom the owner has not let in', login: logIn, hint: /the account of your token/ },
])(
  'H10: a gated repository is asked for once by $who, who is told where the gate is',
  async (row) => {
    await using w = await world({ hub: { hub: { users: { [GOOD]: 'me' } } } })
    await row.login(w, GOOD)
    const files = [{ path: 'model.safetensors', content: { seed: 'org/gated', sizeBytes: SIZE } }]
    const { commit } = await w.hub.addRepo({ id: 'org/gated', gated: 'manual', files })
    const id = await w.pull('org/gated')
    const blocked = await w.reaches(id, ...OVER)
    expect(blocked).toMatchObject({ state: 'blocked', reason: { code: 'HTTP_GATED' } })
    expect(blocked.reason?.hint).toContain(`${w.hub.endpoint}/org/gated`)
    expect(blocked.reason?.hint).toMatch(row.hint)
    expect(await onDisk(w, 'org/gated', commit)).toBe('absent')
    const forBytes = () => w.hub.log.filter(({ path }) => path.includes('/resolve/'))
    expect(forBytes()).toHaveLength(1)
    expect(w.requests('cdn')).toEqual([])
    // Let in at last.
    await logIn(w, GOOD)
    w.hub.setAccess({ id: 'org/gated' }, { gated: 'manual', tokens: [GOOD] })
    await w.engine.downloads.resume(id)
    expect(await w.reaches(id, ...OVER)).toMatchObject({ state: 'completed' })
    expect(await onDisk(w, 'org/gated', commit)).toBe('right')
    expect(bytesSent(w.requests('cdn'))).toBe(SIZE)
    expect(w.requests('cdn').filter(({ headers }) => 'authorization' in headers)).toEqual([])
  },
)
