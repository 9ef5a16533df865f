import { lookup } from 'node:dns/promises'
import { EventEmitter, once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { gitBlobSha1, sha256OfRandomBytes } from '../bytes/digests.ts'
import { createRandomBytes } from '../bytes/random-bytes.ts'
import { readBytes } from '../bytes/virtual-bytes.ts'
import type { CdnObject } from './cdn.ts'
import { type FakeHub, startFakeHub } from './fake-hub.ts'
import { encodeHubPath } from './hub-path.ts'

const WEIGHTS = { seed: 'weights', sizeBytes: 1_000_003 }
const CONFIG = '{"model_type": "tiny"}\n'

let hub: FakeHub
let commit: string
let clock: number

beforeEach(async () => {
  clock = Date.UTC(2026, 0, 2, 3, 4, 5)
  hub = await startFakeHub({ now: () => clock, maxRangelessBytes: 2_000_000 })
  const files = [
    { path: 'config.json', content: CONFIG },
    { path: 'sub/model.safetensors', content: WEIGHTS },
  ]
  ;({ commit } = await hub.addRepo({ id: 'org/tiny', files, tags: ['v1'] }))
})

afterEach(() => hub.close())

/** A request that follows nothing. */
function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(new URL(path, hub.endpoint), { redirect: 'manual', ...init })
}

async function cdnUrl(path = '/org/tiny/resolve/main/sub/model.safetensors'): Promise<string> {
  const response = await ask(path)
  return response.headers.get('location') ?? ''
}

async function pathsOf(response: Response): Promise<string[]> {
  // The shape is what these tests are about; a wrong one fails the comparison.
  const entries = (await response.json()) as { path: string }[]
  return entries.map(({ path }) => path)
}

function bearer(token: string): RequestInit {
  return { headers: { Authorization: `Bearer ${token}` } }
}

describe('repository information', () => {
  test('names the commit and the files at a branch, a tag and the commit itself', async () => {
    for (const revision of ['', '/revision/main', '/revision/v1', `/revision/${commit}`]) {
      const response = await ask(`/api/models/org/tiny${revision}`)
      expect(await response.json()).toMatchObject({
        id: 'org/tiny',
        sha: commit,
        private: false,
        gated: false,
        disabled: false,
        siblings: [{ rfilename: 'config.json' }, { rfilename: 'sub/model.safetensors' }],
      })
    }
  })

  test('has sizes and hashes when blobs are asked for', async () => {
    const response = await ask('/api/models/org/tiny?blobs=true')
    const sha256 = await sha256OfRandomBytes(WEIGHTS)
    expect(await response.json()).toMatchObject({
      siblings: [
        { blobId: gitBlobSha1(CONFIG), size: CONFIG.length },
        { size: WEIGHTS.sizeBytes, lfs: { sha256, size: WEIGHTS.sizeBytes } },
      ],
    })
  })

  test('lists refs, and pull requests when asked', async () => {
    await hub.commit({ id: 'org/tiny', branch: 'refs/pr/1', remove: ['config.json'] })
    const plain = await (await ask('/api/models/org/tiny/refs')).json()
    expect(plain).toEqual({
      branches: [{ name: 'main', ref: 'refs/heads/main', targetCommit: commit }],
      converts: [],
      tags: [{ name: 'v1', ref: 'refs/tags/v1', targetCommit: commit }],
    })
    expect(await (await ask('/api/models/org/tiny/refs?include_prs=1')).json()).toMatchObject({
      pullRequests: [{ name: '1', ref: 'refs/pr/1' }],
    })
  })

  test('a moved ref is seen at once, encoded or not', async () => {
    const next = await hub.commit({ id: 'org/tiny', branch: 'refs/pr/1', remove: ['config.json'] })
    for (const revision of ['refs%2Fpr%2F1', 'refs/pr/1']) {
      const info = await (await ask(`/api/models/org/tiny/revision/${revision}`)).json()
      expect(info).toMatchObject({ sha: next.commit })
    }
    hub.moveRef({ id: 'org/tiny' }, 'main', next.commit)
    expect(await (await ask('/api/models/org/tiny')).json()).toMatchObject({ sha: next.commit })
  })

  test('every answer tells the rate limit, and 429 comes when it is used up', async () => {
    const small = await startFakeHub({ rateLimits: { api: 2, windowSeconds: 60 } })
    try {
      const url = `${small.endpoint}/api/models/org/none`
      const first = await fetch(url)
      expect(first.headers.get('ratelimit')).toBe('"api";r=1;t=60')
      expect(first.headers.get('ratelimit-policy')).toBe('"fixed window";"api";q=2;w=60')
      await fetch(url)
      const refused = await fetch(url)
      expect([refused.status, refused.headers.get('ratelimit')]).toEqual([429, '"api";r=0;t=60'])
    } finally {
      await small.close()
    }
  })
})

describe('tree', () => {
  test('has the git hash of a file, the pointer hash of an LFS file, and folders', async () => {
    const sha256 = await sha256OfRandomBytes(WEIGHTS)
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize 1000003\n`
    const entries = await (await ask('/api/models/org/tiny/tree/main?recursive=true')).json()
    expect(entries).toEqual([
      { type: 'file', oid: gitBlobSha1(CONFIG), size: CONFIG.length, path: 'config.json' },
      { type: 'directory', oid: expect.any(String), size: 0, path: 'sub' },
      {
        type: 'file',
        oid: gitBlobSha1(pointer),
        size: 1_000_003,
        path: 'sub/model.safetensors',
        lfs: { oid: sha256, size: 1_000_003, pointerSize: pointer.length },
      },
    ])
  })

  test('without recursion lists one folder only', async () => {
    const paths = async (url: string): Promise<string[]> => {
      return pathsOf(await ask(url))
    }
    expect(await paths('/api/models/org/tiny/tree/main')).toEqual(['config.json', 'sub'])
    const inside = '/api/models/org/tiny/tree/main/sub'
    expect(await paths(inside)).toEqual(['sub/model.safetensors'])
    expect((await ask('/api/models/org/tiny/tree/main/none')).status).toBe(404)
  })

  test('pages by an absolute Link until all 1,500 files are told, each once', async () => {
    const files = Array.from({ length: 1500 }, (_, at) => ({ path: `f${at}.txt`, content: 'x' }))
    await hub.addRepo({ id: 'org/many', files })
    const seen: string[] = []
    const sizes: number[] = []
    let next: string | undefined = '/api/models/org/many/tree/main?recursive=true&expand=false'
    while (next !== undefined) {
      const response = await ask(next)
      const page = await pathsOf(response)
      seen.push(...page)
      sizes.push(page.length)
      const link: string | null = response.headers.get('link')
      next = link === null ? undefined : /^<(http[^>]+)>; rel="next"$/.exec(link)?.[1]
    }
    expect(sizes).toEqual([1000, 500])
    expect(new Set(seen).size).toBe(1500)
  })

  test('paths-info answers a form and JSON alike', async () => {
    const url = '/api/models/org/tiny/paths-info/main'
    const form = new URLSearchParams([
      ['paths', 'config.json'],
      ['paths', 'none'],
      ['expand', 'False'],
    ])
    const json = JSON.stringify({ paths: ['config.json', 'none'], expand: false })
    const type = { 'Content-Type': 'application/json' }
    const byForm = await (await ask(url, { method: 'POST', body: form })).json()
    const byJson = await (await ask(url, { method: 'POST', body: json, headers: type })).json()
    expect(byForm).toMatchObject([{ path: 'config.json', size: CONFIG.length }])
    expect(byJson).toEqual(byForm)
  })
})

describe('resolve', () => {
  test('a regular file is a relative 307, then 200 with commit and git hash', async () => {
    const first = await ask('/org/tiny/resolve/main/config.json', { method: 'HEAD' })
    const location = first.headers.get('location') ?? ''
    expect(first.status).toBe(307)
    expect(location).toMatch(
      /^\/api\/resolve-cache\/models\/org\/tiny\/[0-9a-f]{40}\/config\.json\?/,
    )
    const identity = { 'Accept-Encoding': 'identity' }
    const second = await ask(location, { method: 'HEAD', headers: identity })
    expect(second.status).toBe(200)
    expect(second.headers.get('x-repo-commit')).toBe(commit)
    expect(second.headers.get('etag')).toBe(`"${gitBlobSha1(CONFIG)}"`)
    expect(second.headers.get('content-length')).toBe(String(CONFIG.length))
    const part = await ask(location, { headers: { ...identity, Range: 'bytes=2-6' } })
    expect([part.status, await part.text()]).toEqual([206, CONFIG.slice(2, 7)])
  })

  test('a text is gzip’d without a length for those who accept it', async () => {
    const location = (await ask('/org/tiny/resolve/main/config.json')).headers.get('location')
    const response = await ask(location ?? '')
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(response.headers.get('content-length')).toBeNull()
    expect(await response.text()).toBe(CONFIG)
  })

  test('an LFS file is a 302 with its hash and size, to another host name', async () => {
    const response = await ask('/org/tiny/resolve/main/sub/model.safetensors', { method: 'HEAD' })
    expect(response.status).toBe(302)
    expect(response.headers.get('x-repo-commit')).toBe(commit)
    expect(response.headers.get('x-linked-etag')).toBe(`"${await sha256OfRandomBytes(WEIGHTS)}"`)
    expect(response.headers.get('x-linked-size')).toBe('1000003')
    expect(response.headers.get('x-xet-hash')).toBeNull()
    const location = new URL(response.headers.get('location') ?? '')
    expect(location.origin).toBe(hub.cdnEndpoint)
    expect(location.hostname).not.toBe(new URL(hub.endpoint).hostname)
  })

  test('a Xet file also says where its reconstruction is', async () => {
    await hub.addRepo({ id: 'org/xet', files: [{ path: 'a.bin', content: WEIGHTS, xet: true }] })
    const { headers } = await ask('/org/xet/resolve/main/a.bin')
    const hash = headers.get('x-xet-hash')
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(headers.get('link')).toContain(`<${hub.endpoint}/api/models/org/xet/xet-read-token/`)
    expect(headers.get('link')).toContain(`<${hub.casEndpoint}/v1/reconstructions/${hash}>`)
  })

  test('datasets, spaces and repositories without an owner have their own paths', async () => {
    const files = [{ path: 'a.txt', content: 'a' }]
    await hub.addRepo({ type: 'dataset', id: 'org/d', files })
    await hub.addRepo({ type: 'space', id: 'org/s', files })
    await hub.addRepo({ id: 'gpt2', files })
    for (const place of ['/datasets/org/d', '/spaces/org/s', '/gpt2']) {
      const response = await fetch(`${hub.endpoint}${place}/resolve/main/a.txt`)
      expect(await response.text()).toBe('a')
    }
    expect((await ask('/api/models/gpt2/revision/main')).status).toBe(200)
    expect((await ask('/org/d/resolve/main/a.txt')).status).toBe(401)
  })

  test('raw is the pointer of an LFS file', async () => {
    const text = await (await ask('/org/tiny/raw/main/sub/model.safetensors')).text()
    expect(text).toMatch(/^version https:\/\/git-lfs/)
  })
})

describe('refusals', () => {
  const file = (id: string): string => `/${id}/resolve/main/a.txt`

  beforeEach(async () => {
    const files = [{ path: 'a.txt', content: 'a' }]
    const tokens = ['hf_in']
    await hub.addRepo({ id: 'org/gated', gated: 'manual', tokens, files })
    await hub.addRepo({ id: 'org/private', private: true, tokens, files })
    await hub.addRepo({ id: 'org/disabled', disabled: true, files })
    await hub.addRepo({ id: 'org/other', private: true, tokens: ['hf_out'], files })
    await hub.addRepo({ id: 'org/old', renamedTo: 'org/tiny' })
  })

  async function refusal(path: string, init?: RequestInit): Promise<(number | string | null)[]> {
    const response = await ask(path, init)
    return [response.status, response.headers.get('x-error-code')]
  }

  test('missing and private ones look alike: 401 to strangers, 404 to users', async () => {
    for (const id of ['org/none', 'org/private']) {
      expect(await refusal(`/api/models/${id}`)).toEqual([401, 'RepoNotFound'])
      expect(await refusal(file(id))).toEqual([401, 'RepoNotFound'])
      expect(await refusal(file(id), bearer('hf_out'))).toEqual([404, 'RepoNotFound'])
    }
    expect(await refusal('/api/models/org/private', bearer('hf_in'))).toEqual([200, null])
    expect(await refusal(file('org/private'), bearer('hf_in'))).toEqual([307, null])
  })

  test('a gated one shows itself but gives no file without access', async () => {
    expect(await refusal('/api/models/org/gated')).toEqual([200, null])
    expect(await refusal('/api/models/org/gated/tree/main')).toEqual([200, null])
    expect(await refusal(file('org/gated'))).toEqual([401, 'GatedRepo'])
    expect(await refusal(file('org/gated'), bearer('hf_out'))).toEqual([403, 'GatedRepo'])
    expect(await refusal('/api/models/org/gated/auth-check')).toEqual([401, 'GatedRepo'])
    expect(await refusal(file('org/gated'), bearer('hf_in'))).toEqual([307, null])
  })

  test('the cache of a gated file is as closed as the file', async () => {
    const location = (await ask(file('org/gated'), bearer('hf_in'))).headers.get('location')
    expect(await refusal(location ?? '')).toEqual([401, 'GatedRepo'])
  })

  test('a disabled one says so', async () => {
    const response = await ask(file('org/disabled'))
    expect(response.status).toBe(403)
    expect(response.headers.get('x-error-message')).toBe('Access to this resource is disabled.')
  })

  test('an unknown revision and an unknown file are told apart', async () => {
    expect(await refusal('/org/tiny/resolve/none/a')).toEqual([404, 'RevisionNotFound'])
    const missing = await ask('/org/tiny/resolve/main/none.txt')
    expect(missing.headers.get('x-error-code')).toBe('EntryNotFound')
    expect(missing.headers.get('x-repo-commit')).toBe(commit)
  })

  test('a token that nobody was given is refused everywhere', async () => {
    const response = await ask('/api/models/org/tiny', bearer('hf_bad'))
    expect(response.status).toBe(401)
    const message = response.headers.get('x-error-message')
    expect(message).toBe('Invalid credentials in Authorization header')
  })

  test('a renamed one redirects by a relative 307, with the rest of the target kept', async () => {
    const api = await ask('/api/models/org/old/tree/main?recursive=true')
    expect(api.status).toBe(307)
    expect(api.headers.get('location')).toBe('/api/models/org/tiny/tree/main?recursive=true')
    const web = await ask('/org/old/resolve/main/config.json')
    expect(web.headers.get('location')).toBe('/org/tiny/resolve/main/config.json')
  })

  test('access can be given while it runs', async () => {
    hub.setAccess({ id: 'org/gated' }, { gated: 'manual', tokens: ['hf_out'] })
    expect(await refusal(file('org/gated'), bearer('hf_out'))).toEqual([307, null])
  })
})

describe('CDN', () => {
  test('is reached under localhost at every address that the name has', async () => {
    const url = new URL(await cdnUrl())
    for (const { address, family } of await lookup('localhost', { all: true })) {
      const host = family === 6 ? `[${address}]` : address
      const direct = url.href.replace('localhost', host)
      expect((await fetch(direct, { headers: { Range: 'bytes=0-0' } })).status).toBe(206)
    }
  })

  test('serves ranges of exactly the content, without ETag and Last-Modified', async () => {
    const whole = readBytes(createRandomBytes(WEIGHTS.seed, WEIGHTS.sizeBytes))
    const url = await cdnUrl()
    const spans = [
      ['100-199', 100, 200],
      ['999000-', 999_000, 1_000_003],
      ['-3', 1_000_000, 1_000_003],
    ] as const
    for (const [range, start, end] of spans) {
      const response = await fetch(url, { headers: { Range: `bytes=${range}` } })
      expect(response.status).toBe(206)
      expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/1000003`)
      expect(response.headers.get('etag')).toBeNull()
      expect(response.headers.get('last-modified')).toBeNull()
      expect(Buffer.from(await response.arrayBuffer()).equals(whole.subarray(start, end))).toBe(
        true,
      )
    }
    expect(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(whole)).toBe(true)
  })

  test('may leave an object to another server', async () => {
    const elsewhere = new URL('http://127.0.0.1:9/weights')
    const objectUrl = ({ bytes }: CdnObject): URL | undefined =>
      bytes.sizeBytes === WEIGHTS.sizeBytes ? elsewhere : undefined
    const other = await startFakeHub({ objectUrl })
    try {
      const small = { seed: 'small', sizeBytes: 10 }
      const files = [
        { path: 'a.bin', content: WEIGHTS },
        { path: 'b.bin', content: small },
      ]
      await other.addRepo({ id: 'org/two', files })
      const locationOf = async (path: string): Promise<string | null> => {
        const url = `${other.endpoint}/org/two/resolve/main/${path}`
        return (await fetch(url, { redirect: 'manual' })).headers.get('location')
      }
      expect(await locationOf('a.bin')).toBe(elsewhere.href)
      expect(await locationOf('b.bin')).toContain(other.cdnEndpoint)
    } finally {
      await other.close()
    }
  })

  test('answers 416 behind the end', async () => {
    const response = await fetch(await cdnUrl(), { headers: { Range: 'bytes=1000003-' } })
    expect([response.status, response.headers.get('content-range')]).toEqual([
      416,
      'bytes */1000003',
    ])
  })

  test('refuses a rangeless GET of a very large file, but not its ranges', async () => {
    const content = { seed: 'big', sizeBytes: 2_000_001 }
    await hub.addRepo({ id: 'org/big', files: [{ path: 'a.bin', content }] })
    const url = await cdnUrl('/org/big/resolve/main/a.bin')
    expect((await fetch(url)).status).toBe(400)
    expect((await fetch(url, { headers: { Range: 'bytes=0-9' } })).status).toBe(206)
  })

  test('answers 400 to any Authorization and logs it', async () => {
    const url = await cdnUrl()
    hub.clearLog()
    expect((await fetch(url, bearer('hf_leak'))).status).toBe(400)
    expect(hub.log).toMatchObject([{ role: 'cdn', headers: { authorization: 'Bearer hf_leak' } }])
  })

  test('URLs expire with time or when told, and cannot be made up', async () => {
    const first = await cdnUrl()
    clock += 3_599_000
    expect((await fetch(first)).status).toBe(200)
    clock += 1000
    const expired = await fetch(first)
    expect(expired.status).toBe(403)
    expect(await expired.text()).toContain('<Message>Request has expired</Message>')
    const second = await cdnUrl()
    expect((await fetch(second)).status).toBe(200)
    hub.expireUrls()
    expect(await (await fetch(second)).text()).toContain('Request has expired')
    const forged = await fetch((await cdnUrl()).replace('Expires=3600', 'Expires=9999'))
    expect(await forged.text()).toContain('SignatureDoesNotMatch')
  })

  test('is signed for GET alone', async () => {
    expect((await fetch(await cdnUrl(), { method: 'HEAD' })).status).toBe(403)
  })
})

test('the log tells what was asked, by which connection, and what was sent', async () => {
  const url = await cdnUrl()
  hub.clearLog()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (const Range of ['bytes=10-19', 'bytes=20-39']) {
    const [response]: IncomingMessage[] = await once(
      get(url, { agent, headers: { Range } }),
      'response',
    )
    response?.resume()
    await once(response ?? new EventEmitter(), 'end')
  }
  agent.destroy()
  expect(hub.log).toMatchObject([
    { role: 'cdn', method: 'GET', range: 'bytes=10-19', status: 206, bytesSent: 10 },
    { role: 'cdn', method: 'GET', range: 'bytes=20-39', status: 206, bytesSent: 20 },
  ])
  await expect.poll(() => hub.log.map(({ end }) => end)).toEqual(['complete', 'complete'])
  expect(hub.log[0]?.connection).toBe(hub.log[1]?.connection)
})

test('a rule and the log know the file on both hosts, whatever its name', async () => {
  const path = 'odd/a b#c%d?e&f=g+h\u{1F642}.bin'
  const files = ['a.txt', path].map((name) => ({ path: name, content: 'x' }))
  await hub.addRepo({ id: 'org/odd', files })
  const rule = hub.fault({ match: { file: path }, do: { headers: { 'X-Hit': 'yes' } } })
  hub.clearLog()
  for (const name of ['a.txt', encodeHubPath(path)]) {
    await (await fetch(`${hub.endpoint}/org/odd/resolve/main/${name}`)).arrayBuffer()
  }
  expect(hub.log.map(({ role, file }) => [role, file])).toEqual([
    ['hub', 'a.txt'],
    ['hub', 'a.txt'],
    ['hub', path],
    ['cdn', path],
  ])
  expect(rule.hits).toBe(2)
})

test('seeding the wrong thing fails loudly', async () => {
  await expect(hub.commit({ id: 'org/none' })).rejects.toThrow('No model org/none')
  await expect(hub.commit({ id: 'org/tiny', remove: ['x'] })).rejects.toThrow('No file x')
  expect(() => hub.moveRef({ id: 'org/tiny' }, 'main', 'abc')).toThrow('No commit abc')
})
