import { readFileSync } from 'node:fs'
import { type FakeHub, type FakeHubOptions, gitBlobSha1, startFakeHub } from '@windlass/testkit'
import { afterEach, assert, describe, expect, it } from 'vitest'
import { classify } from '../../errors/classify.ts'
import type { WindlassError } from '../../errors/windlass-error.ts'
import { createHttpClient } from '../../net/create-http-client.ts'
import { LOOPBACK } from '../../net/egress/loopback-fixture.ts'
import { systemClock } from '../../runtime/clock.ts'
import type { Resolution, Source } from '../source.ts'
import { describeSourceConformance } from '../source-conformance.test-suite.ts'
import { createHubSource } from './create-hub-source.ts'
import { readHubEnvironment } from './hub-environment.ts'

const TOKEN = 'hf_secret'
const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

async function startHub(options: FakeHubOptions = {}): Promise<FakeHub> {
  const hub = await startFakeHub(options)
  cleanUps.push(() => hub.close())
  return hub
}

function openSource(hub: Pick<FakeHub, 'endpoint'>, env: Record<string, string> = {}) {
  const http = createHttpClient({
    clock: systemClock,
    userAgent: 'windlass/test',
    proxy: {},
    egress: LOOPBACK,
  })
  cleanUps.push(() => http.close())
  const environment = readHubEnvironment({ HF_ENDPOINT: hub.endpoint, ...env }, '/nonexistent')
  const source = createHubSource({ http, environment, clock: systemClock, platform: 'linux' })
  return { http, source }
}

const signal = (): AbortSignal => new AbortController().signal

function resolve(source: Source, text: string, revision?: string): Promise<Resolution> {
  const ref = source.parse(text, revision === undefined ? {} : { revision })
  assert(ref)
  return source.resolve(ref, { signal: signal() })
}

async function failure(promise: Promise<unknown>): Promise<WindlassError> {
  return classify(
    await promise.then(
      () => assert.fail('it was expected to fail'),
      (error: unknown) => error,
    ),
  )
}

/** Asks for a file's bytes; resolves with the status of the last answer. */
async function fetchFile(hub: FakeHub, text: string, path: string, env = {}): Promise<number> {
  const { http, source } = openSource(hub, env)
  const ref = source.parse(text)
  assert(ref)
  const { files, revision } = await source.resolve(ref, { signal: signal() })
  const file = files.find((one) => one.path === path)
  assert(file)
  const origin = await source.locate({ ref, revision, file }, { signal: signal() })
  const response = await http.open(
    { ...origin, method: 'GET', judge: (head) => origin.judge(head) },
    { signal: signal() },
  )
  response.body.destroy()
  return response.status
}

const paths = (resolution: Resolution): string[] => resolution.files.map(({ path }) => path)

describe('a resolution', () => {
  it('pins the revision and has sizes and digests, with no request for a file', async () => {
    const hub = await startHub({ pageSize: 2 })
    const { commit } = await hub.addRepo({
      id: 'org/name',
      tags: ['v1'],
      files: [
        { path: 'config.json', content: '{}' },
        { path: 'sub/model.safetensors', content: { seed: 'w', sizeBytes: 100_000 }, xet: true },
        { path: 'sub/deep/empty.txt', content: '' },
      ],
    })
    const { source } = openSource(hub)
    const resolution = await resolve(source, 'org/name@v1')
    expect(resolution).toMatchObject({
      title: 'org/name@v1',
      revision: commit,
      notices: [],
      placement: {
        store: 'hub-cache',
        repoType: 'model',
        repoId: 'org/name',
        commit,
        refName: 'v1',
      },
    })
    expect(resolution.files).toEqual([
      {
        path: 'config.json',
        sizeBytes: 2,
        digest: { algorithm: 'git-sha1', hex: gitBlobSha1('{}') },
        validator: null,
      },
      {
        path: 'sub/deep/empty.txt',
        sizeBytes: 0,
        digest: { algorithm: 'git-sha1', hex: gitBlobSha1('') },
        validator: null,
      },
      {
        path: 'sub/model.safetensors',
        sizeBytes: 100_000,
        digest: { algorithm: 'sha256', hex: expect.stringMatching(/^[0-9a-f]{64}$/) },
        validator: null,
      },
    ])
    expect(resolution.placement.tree[2]).toMatchObject({
      lfs: { sha256: resolution.files[2]?.digest?.hex, sizeBytes: 100_000 },
      xetHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(hub.log.map(({ path }) => path)).toEqual([
      '/api/models/org/name/revision/v1',
      ...Array(3).fill(`/api/models/org/name/tree/${commit}`),
    ])
  })

  it('by the commit itself has no name of a ref', async () => {
    const hub = await startHub()
    const { commit } = await hub.addRepo({ id: 'org/name' })
    const { source } = openSource(hub)
    const { placement } = await resolve(source, 'org/name', commit)
    expect(placement).toMatchObject({ commit, refName: null })
  })

  it('knows datasets, spaces, pull requests and old names without a namespace', async () => {
    const hub = await startHub()
    await hub.addRepo({ type: 'dataset', id: 'org/data' })
    await hub.addRepo({ type: 'space', id: 'org/app' })
    await hub.addRepo({ id: 'gpt2' })
    const pr = await hub.commit({
      id: 'gpt2',
      branch: 'refs/pr/3',
      files: [{ path: 'a', content: 'a' }],
    })
    const { source } = openSource(hub)
    expect((await resolve(source, 'datasets/org/data')).placement.repoType).toBe('dataset')
    expect((await resolve(source, `${hub.endpoint}/spaces/org/app`)).placement.repoType).toBe(
      'space',
    )
    const { placement } = await resolve(source, 'hf://gpt2@refs/pr/3')
    expect(placement).toMatchObject({ refName: 'refs/pr/3', commit: pr.commit })
  })

  it('follows a repository to its new name and says so', async () => {
    const hub = await startHub({ pageSize: 1 })
    const files = [
      { path: 'a.txt', content: 'a' },
      { path: 'b.txt', content: 'b' },
    ]
    await hub.addRepo({ id: 'new/name', files })
    await hub.addRepo({ id: 'old/name', renamedTo: 'new/name' })
    const { source } = openSource(hub)
    const resolution = await resolve(source, 'old/name')
    expect(paths(resolution)).toEqual(['a.txt', 'b.txt'])
    expect(resolution.placement.repoId).toBe('old/name')
    expect(resolution.notices).toEqual([
      { code: 'REPO_RENAMED', message: expect.stringContaining('new/name') },
    ])
    expect(await fetchFile(hub, 'old/name', 'a.txt')).toBe(200)
  })

  it('goes on with its pages on the mirror when they name the public Hub', async () => {
    const hub = await startHub({ pageSize: 1 })
    const files = ['a', 'b', 'c'].map((path) => ({ path, content: path }))
    const { commit } = await hub.addRepo({ id: 'org/name', files })
    const page = `/api/models/org/name/tree/${commit}?recursive=true&expand=false&cursor=Mg`
    hub.fault({
      match: { path: '/tree/', times: 1 },
      do: { headers: { Link: `<https://huggingface.co${page}>; rel="next"` } },
    })
    const { source } = openSource(hub)
    expect(paths(await resolve(source, 'org/name'))).toEqual(['a', 'c'])
  })

  it.each([
    ['the same page again', (url: string) => url],
    ['another host', () => 'https://evil.example/api/models/org/name/tree/x'],
  ])('is refused when its next page is %s', async (_, target) => {
    const hub = await startHub()
    const { commit } = await hub.addRepo({ id: 'org/name' })
    const url = `${hub.endpoint}/api/models/org/name/tree/${commit}?recursive=true&expand=false`
    hub.fault({
      match: { path: '/tree/' },
      do: { headers: { Link: `<${target(url)}>; rel="next"` } },
    })
    const { source } = openSource(hub, { HF_TOKEN: '' })
    expect((await failure(resolve(source, 'org/name'))).code).toBe('HTTP_PROTOCOL')
  })
})

describe('a part of a repository', () => {
  it('is one file, a folder, or a quantisation; the listing stays whole', async () => {
    const hub = await startHub()
    const names = ['a.json', 'sub/b.bin', 'sub/deep/c', 'subway', 'm-Q4_K_M.gguf', 'm-Q8_0.gguf']
    await hub.addRepo({
      id: 'org/name',
      files: names.map((path) => ({ path, content: `of ${path}` })),
    })
    const { source } = openSource(hub)
    const cases: [string, string[]][] = [
      ['hf://org/name/a.json', ['a.json']],
      ['hf://org/name/sub/', ['sub/b.bin', 'sub/deep/c']],
      ['hf://org/name/sub', ['sub/b.bin', 'sub/deep/c']],
      [`${hub.endpoint}/org/name/tree/main/sub/deep`, ['sub/deep/c']],
      [`${hub.endpoint}/org/name/resolve/main/sub/b.bin?download=true`, ['sub/b.bin']],
      ['org/name:q4_k_m', ['m-Q4_K_M.gguf']],
    ]
    for (const [text, expected] of cases) {
      const resolution = await resolve(source, text)
      expect(paths(resolution), text).toEqual(expected)
      expect(resolution.placement.tree).toHaveLength(names.length)
    }
    expect(await failure(resolve(source, 'hf://org/name/none.txt'))).toMatchObject({
      code: 'HTTP_NOT_FOUND',
      message: expect.stringContaining('none.txt'),
    })
    expect(await failure(resolve(source, 'org/name:Q5_K'))).toMatchObject({
      code: 'NOTHING_SELECTED',
      message: expect.stringContaining('Q4_K_M, Q8_0'),
    })
  })
})

describe('odd names', () => {
  it('are listed and found again', async () => {
    const odd = ['a b/c#d?e%f.txt', 'you:should,never.give', "it's (1) [x]!*~.bin", '日本/語.txt']
    const hub = await startHub()
    await hub.addRepo({ id: 'org/odd', files: odd.map((path) => ({ path, content: path })) })
    const { source } = openSource(hub)
    expect(new Set(paths(await resolve(source, 'org/odd')))).toEqual(new Set(odd))
    for (const path of odd) expect(await fetchFile(hub, 'org/odd', path)).toBe(200)
  })

  it.each(['../../evil', 'a/../../evil', '/etc/evil', 'C:\\evil', '..\\evil', 'a\u0000b'])(
    'that lead out of the cache are refused: %j',
    async (path) => {
      const hub = await startHub()
      await hub.addRepo({ id: 'org/evil', files: [{ path: 'fine', content: '' }] })
      const entry = { type: 'file', oid: gitBlobSha1(''), size: 0, path }
      hub.fault({ match: { path: '/tree/' }, do: { status: 200, body: JSON.stringify([entry]) } })
      const { source } = openSource(hub)
      expect((await failure(resolve(source, 'org/evil'))).code).toBe('NAME_INVALID')
    },
  )
})

describe('a host that says what cannot be', () => {
  const sha1 = gitBlobSha1('')
  it.each([
    ['a commit that is none', '/revision/', { id: 'org/name', sha: '../..' }],
    ['no commit', '/revision/', { id: 'org/name' }],
    ['a digest that is a path', '/tree/', [{ type: 'file', oid: '../x', size: 1, path: 'a' }]],
    ['a negative size', '/tree/', [{ type: 'file', oid: sha1, size: -1, path: 'a' }]],
    [
      'an LFS digest that is none',
      '/tree/',
      [{ type: 'file', oid: sha1, size: 1, path: 'a', lfs: { oid: 'x', size: 1 } }],
    ],
    [
      'one file twice',
      '/tree/',
      [
        { type: 'file', oid: sha1, size: 1, path: 'a' },
        { type: 'file', oid: sha1, size: 2, path: 'a' },
      ],
    ],
    ['a list that is none', '/tree/', { error: 'no' }],
  ])('such as %s is not believed', async (_, path, answer) => {
    const hub = await startHub()
    await hub.addRepo({ id: 'org/name' })
    hub.fault({ match: { path }, do: { status: 200, body: JSON.stringify(answer) } })
    const { source } = openSource(hub)
    expect((await failure(resolve(source, 'org/name'))).code).toBe('HTTP_PROTOCOL')
  })

  it('or a Xet hash that may not be seen is read without it', async () => {
    const hub = await startHub()
    await hub.addRepo({ id: 'org/name' })
    const entry = { type: 'file', oid: sha1, size: 0, path: 'a', xetHash: 'redacted' }
    hub.fault({ match: { path: '/tree/' }, do: { status: 200, body: JSON.stringify([entry]) } })
    const { source } = openSource(hub)
    const { placement } = await resolve(source, 'org/name')
    expect(placement.tree[0]).not.toHaveProperty('xetHash')
  })
})

describe('a refusal', () => {
  const files = [{ path: 'a.txt', content: 'a' }]

  it.each([
    ['missing, to a stranger', 'org/none', {}, 'REPO_PRIVATE'],
    ['missing, to a user', 'org/none', { HF_TOKEN: TOKEN }, 'REPO_NOT_FOUND'],
    ['private, to a stranger', 'org/private', {}, 'REPO_PRIVATE'],
    ['disabled', 'org/disabled', {}, 'REPO_DISABLED'],
    ['of a revision', 'org/open@none', {}, 'REVISION_NOT_FOUND'],
    ['of a bad token', 'org/open', { HF_TOKEN: 'hf_bad' }, 'HTTP_AUTH'],
    ['of the whole Hub', 'org/open', { HF_HUB_OFFLINE: '1' }, 'HUB_OFFLINE'],
  ])('%s, is its own error', async (_, text, env, code) => {
    const hub = await startHub({ users: { [TOKEN]: 'me' } })
    await hub.addRepo({ id: 'org/open', files })
    await hub.addRepo({ id: 'org/private', private: true, files })
    await hub.addRepo({ id: 'org/disabled', disabled: true, files })
    const { source } = openSource(hub, env)
    const error = await failure(resolve(source, text))
    expect(error.code).toBe(code)
    expect(error.message).toContain(text.split('@')[0])
    if (code === 'HUB_OFFLINE') expect(hub.log).toHaveLength(0)
  })

  it('is lifted by a token that may see the repository', async () => {
    const hub = await startHub()
    await hub.addRepo({ id: 'org/private', private: true, tokens: [TOKEN], files })
    const { source } = openSource(hub, { HF_TOKEN: TOKEN })
    expect(paths(await resolve(source, 'org/private'))).toEqual(['a.txt'])
  })

  it.each([{}, { HF_TOKEN: TOKEN }])('of gated files says where to ask: %o', async (env) => {
    const hub = await startHub({ users: { [TOKEN]: 'me' } })
    await hub.addRepo({ id: 'org/gated', gated: 'manual', files })
    const error = await failure(fetchFile(hub, 'org/gated', 'a.txt', env))
    expect(error).toMatchObject({ code: 'HTTP_GATED', disposition: 'blocked' })
    expect(error.hint).toContain(`${hub.endpoint}/org/gated`)
  })

  it('of a file that is gone names it', async () => {
    const hub = await startHub()
    await hub.addRepo({ id: 'org/open', files })
    hub.fault({
      match: { path: '/resolve/' },
      do: { status: 404, headers: { 'X-Error-Code': 'EntryNotFound' }, body: '' },
    })
    const error = await failure(fetchFile(hub, 'org/open', 'a.txt'))
    expect(error).toMatchObject({
      code: 'HTTP_NOT_FOUND',
      message: expect.stringContaining('a.txt'),
    })
  })

  it.each([
    [500, 'HTTP_SERVER'],
    [503, 'HTTP_SERVER'],
    [429, 'HTTP_RATE_LIMITED'],
    [451, 'HTTP_LEGAL'],
    [404, 'REPO_NOT_FOUND'],
    [403, 'HTTP_FORBIDDEN'],
  ])('of %d with a page of HTML is %s', async (status, code) => {
    const hub = await startHub()
    await hub.addRepo({ id: 'org/open', files })
    const headers = { 'Content-Type': 'text/html', 'X-Error-Message': null }
    hub.fault({ match: { path: '/api/' }, do: { status, headers, body: '<h1>no</h1>' } })
    const { source } = openSource(hub)
    expect((await failure(resolve(source, 'org/open'))).code).toBe(code)
  })

  it('is read from the body when no header says why', async () => {
    const hub = await startHub()
    await hub.addRepo({ id: 'org/open', files })
    const error = 'Invalid credentials in Authorization header'
    const body = JSON.stringify({ error })
    hub.fault({
      match: { path: '/api/' },
      do: { status: 401, headers: { 'X-Error-Code': null, 'X-Error-Message': null }, body },
    })
    const { source } = openSource(hub, { HF_TOKEN: 'hf_bad' })
    expect((await failure(resolve(source, 'org/open'))).code).toBe('HTTP_AUTH')
  })
})

describe('the way to the bytes', () => {
  it('is refused when commit, size or digest is another one', async () => {
    for (const headers of [
      { 'X-Repo-Commit': 'f'.repeat(40) },
      { 'X-Linked-Etag': `"${'f'.repeat(64)}"` },
      { 'X-Linked-Size': '5' },
    ]) {
      const hub = await startHub()
      await hub.addRepo({ id: 'org/name', files: [{ path: 'w.bin', content: 'weights' }] })
      expect(await fetchFile(hub, 'org/name', 'w.bin')).toBe(200)
      hub.fault({ match: { path: '/resolve/' }, do: { headers } })
      const error = await failure(fetchFile(hub, 'org/name', 'w.bin'))
      expect(error.code, JSON.stringify(headers)).toBe('SOURCE_CHANGED')
    }
  })

  it('leaves what the CDN answers to the carrier', async () => {
    const hub = await startHub()
    await hub.addRepo({ id: 'org/name', files: [{ path: 'w.bin', content: 'weights' }] })
    hub.fault({ match: { role: 'cdn' }, do: { expire: true } })
    expect(await fetchFile(hub, 'org/name', 'w.bin')).toBe(403)
  })

  it('asks a host that is out of resolvers no more', async () => {
    const hub = await startHub({ rateLimits: { resolvers: 0, windowSeconds: 50 } })
    await hub.addRepo({ id: 'org/name', files: [{ path: 'w.bin', content: 'weights' }] })
    const error = await failure(fetchFile(hub, 'org/name', 'w.bin'))
    expect(error.code).toBe('HTTP_RATE_LIMITED')
    expect((error.retryAt ?? 0) - Date.now()).toBeGreaterThan(45_000)
  })
})

describe('the token', () => {
  /** Sends the Hub's answers about `path` on to another place, and says who saw the token there. */
  async function follow(path: string, targetOf: (hub: FakeHub, other: FakeHub) => string) {
    const [hub, other] = [await startHub(), await startHub()]
    const files = [{ path: 'w.bin', content: 'weights' }]
    const spec = { id: 'org/name', private: true, tokens: [TOKEN], files }
    await hub.addRepo(spec)
    await other.addRepo({ id: 'org/name', files })
    hub.fault({ match: { path, times: 1 }, do: { redirect: targetOf(hub, other) } })
    await fetchFile(hub, 'org/name', 'w.bin', { HF_TOKEN: TOKEN }).catch(classify)
    const shown = ({ log }: FakeHub) =>
      log.map(({ role, headers }) => [role, JSON.stringify(headers).includes(TOKEN)])
    return { hub: shown(hub), other: shown(other) }
  }

  const API = '/api/models/org/name/revision/main'

  it('goes with every request to the Hub, and not to its CDN', async () => {
    const { hub } = await follow('/nowhere', () => '')
    expect(hub).toEqual([
      ['hub', true],
      ['hub', true],
      ['hub', true],
      ['cdn', false],
    ])
  })

  it.each(['/api/', '/resolve/'])('stays behind when %s leads to another port', async (path) => {
    const { other } = await follow(path, (_, { endpoint }) => `${endpoint}${API}`)
    expect(other.length).toBeGreaterThan(0)
    expect(other.every(([, isShown]) => isShown === false)).toBe(true)
  })

  it.each(['/api/', '/resolve/'])('stays behind when %s leads to another name', async (path) => {
    const byName = (url: string) => url.replace('127.0.0.1', 'localhost')
    const { hub } = await follow(path, ({ endpoint }) => `${byName(endpoint)}${API}`)
    expect(hub.filter(([role, isShown]) => role === 'hub' && isShown === false)).toHaveLength(1)
  })

  it('goes along within the Hub, and is there again on the way back', async () => {
    const within = await follow('/revision/', ({ endpoint }) => `${endpoint}${API}`)
    expect(within.hub.slice(0, 2)).toEqual([
      ['hub', true],
      ['hub', true],
    ])
    const hub = await startHub()
    await hub.addRepo({ id: 'org/name', private: true, tokens: [TOKEN] })
    hub.fault({
      match: { role: 'hub', path: '/revision/', times: 1 },
      do: { redirect: `${hub.cdnEndpoint}/away` },
    })
    hub.fault({ match: { role: 'cdn' }, do: { redirect: `${hub.endpoint}${API}` } })
    const { source } = openSource(hub, { HF_TOKEN: TOKEN })
    await resolve(source, 'org/name')
    expect(hub.log.map(({ role, headers }) => [role, headers.authorization ?? null])).toEqual([
      ['hub', `Bearer ${TOKEN}`],
      ['cdn', null],
      ['hub', `Bearer ${TOKEN}`],
      ['hub', `Bearer ${TOKEN}`],
    ])
  })

  it('is in no error', async () => {
    const hub = await startHub()
    const { source } = openSource(hub, { HF_TOKEN: TOKEN })
    const error = await failure(resolve(source, 'org/none'))
    expect(JSON.stringify(error) + String(error.stack)).not.toContain(TOKEN)
  })
})

describeSourceConformance('the Hugging Face source', async () => {
  const files = {
    'config.json': Buffer.from('{"a": 1}'),
    'sub/model.safetensors': readFileSync(import.meta.filename),
    empty: Buffer.alloc(0),
  }
  const hub = await startFakeHub()
  const specs = Object.entries(files).map(([path, content]) => ({ path, content }))
  await hub.addRepo({ id: 'org/name', private: true, tokens: [TOKEN], files: specs })
  const { http, source } = openSource(hub, { HF_TOKEN: TOKEN })
  const origins = { hub: hub.endpoint, cdn: hub.cdnEndpoint, cas: hub.casEndpoint }
  return {
    source,
    http,
    good: { text: 'org/name', files },
    senseless: 'org/na--me',
    missing: { text: 'org/none', code: 'REPO_NOT_FOUND' },
    secret: { text: TOKEN, origins: [hub.endpoint] },
    requests: () =>
      hub.log.map(({ role, headers }) => ({
        origin: Object.entries(origins).find(([name]) => name === role)?.[1] ?? role,
        headers,
      })),
    limit: (headers) =>
      void hub.fault({
        do: { status: 429, headers: { RateLimit: null, ...headers }, body: '' },
      }),
    stall: () => void hub.fault({ do: { delayHeadersMs: 60_000 } }),
    change: () =>
      void hub.fault({
        match: { path: '/resolve/' },
        do: { headers: { 'X-Linked-Etag': `"${'e'.repeat(64)}"` } },
      }),
    close: () => hub.close(),
  }
})
