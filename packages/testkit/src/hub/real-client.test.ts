import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sha256OfRandomBytes } from '../bytes/digests.ts'
import { listTree, sha256File } from '../files/file-hashes.ts'
import { type TempDir, tempDir } from '../files/temp-dir.ts'
import {
  hubClientEnv,
  type RunResult,
  requireTool,
  runProgram,
  runPython,
  type SkippableContext,
} from '../outside-tools.ts'
import { type FakeHub, startFakeHub } from './fake-hub.ts'

const WEIGHTS = { seed: 'real client', sizeBytes: 3_000_001 }
const TEXTS: Readonly<Record<string, string>> = {
  'README.md': '# tiny\n',
  'config.json': '{"a": 1}\n',
  'copy of config.json': '{"a": 1}\n',
  'empty.txt': '',
  'deep/er/est/file.txt': 'deep\n',
  'odd/a b#c%d?e&f=g+h.txt': 'odd\n',
  'odd/awful?filename%you:should,never.give': 'awful\n',
  'odd/ünïcödé 日本語 🙂.txt': 'unicode\n',
  "odd/it's (fine)!*.txt": 'quotes\n',
}

const DOWNLOAD = `
import sys
from huggingface_hub import snapshot_download
kind, repo, *revision = sys.argv[1:]
print(snapshot_download(repo, repo_type=kind, revision=revision[0] if revision else None))
`

/** For each case, prints the class names of what was raised, of its parents and its causes. */
const FAIL = `
import sys, json
from huggingface_hub import hf_hub_download, snapshot_download
def names(error):
    own = [c.__name__ for c in type(error).__mro__]
    return own + names(error.__cause__) if error.__cause__ else own
for repo, name, revision, token in json.loads(sys.argv[1]):
    raised = []
    try: hf_hub_download(repo, name, revision=revision, token=token or False)
    except Exception as error: raised.append(names(error))
    try: snapshot_download(repo, revision=revision, token=token or False)
    except Exception as error: raised.append(names(error))
    print(json.dumps(raised))
`

/** What is asked, with which token, and what the real Hub makes the client raise. */
const FAILURES = [
  ['org/none', 'a.txt', 'main', '', 'RepositoryNotFoundError'],
  ['org/none', 'a.txt', 'main', 'hf_out', 'RepositoryNotFoundError'],
  ['org/private', 'a.txt', 'main', 'hf_out', 'RepositoryNotFoundError'],
  ['org/gated', 'a.txt', 'main', 'hf_out', 'GatedRepoError'],
  ['org/gated', 'a.txt', 'main', '', 'GatedRepoError'],
  ['org/disabled', 'a.txt', 'main', '', 'DisabledRepoError'],
  ['org/tiny', 'config.json', 'none', '', 'RevisionNotFoundError'],
] as const

const TOOLS = ['huggingface-hub-1', 'huggingface-hub-2'] as const

describe.each(TOOLS)('%s', { timeout: 120_000 }, (tool) => {
  let hub: FakeHub
  let home: TempDir
  let commit: string

  beforeAll(async () => {
    hub = await startFakeHub({ pageSize: 2 })
    const files = [
      ...Object.entries(TEXTS).map(([path, content]) => ({ path, content })),
      { path: 'model.safetensors', content: WEIGHTS },
      { path: 'sub/same as model.bin', content: WEIGHTS },
      { path: 'empty.bin', content: '' },
    ]
    ;({ commit } = await hub.addRepo({ id: 'org/tiny', files, tags: ['v1'] }))
    const small = [{ path: 'a.txt', content: 'a\n' }]
    await hub.addRepo({ type: 'dataset', id: 'org/data', files: small })
    await hub.addRepo({ type: 'space', id: 'org/app', files: small })
    await hub.addRepo({ id: 'org/gated', gated: 'auto', tokens: ['hf_in'], files: small })
    await hub.addRepo({ id: 'org/private', private: true, tokens: ['hf_in'], files: small })
    await hub.addRepo({ id: 'org/disabled', disabled: true, files: small })
    await hub.addRepo({ id: 'org/old', renamedTo: 'org/tiny' })
    await hub.addRepo({ id: 'org/else', private: true, tokens: ['hf_out'], files: small })
  })

  beforeEach(async () => {
    home = await tempDir()
    hub.clearLog()
    hub.clearFaults()
  })

  afterEach(() => home.remove())
  afterAll(() => hub.close())

  function python(
    context: SkippableContext,
    script: string,
    ...args: string[]
  ): Promise<RunResult> {
    const env = hubClientEnv(hub.endpoint, home.path)
    return runPython(requireTool(context, tool), script, { env, args })
  }

  async function download(context: SkippableContext, ...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await python(context, DOWNLOAD, ...args)
    expect(exitCode, stderr).toBe(0)
    return stdout.trim()
  }

  function hf(context: SkippableContext, ...args: string[]): Promise<RunResult> {
    const program = join(dirname(requireTool(context, tool)), 'hf')
    return runProgram(program, { env: hubClientEnv(hub.endpoint, home.path), args })
  }

  test('downloads every file as it is, whatever its name, over pages of two', async (context) => {
    const folder = await download(context, 'model', 'org/tiny')
    expect(folder).toBe(home.join(`hub/models--org--tiny/snapshots/${commit}`))
    for (const [path, content] of Object.entries(TEXTS)) {
      expect(await readFile(join(folder, path), 'utf8')).toBe(content)
    }
    const sha256 = await sha256OfRandomBytes(WEIGHTS)
    for (const path of ['model.safetensors', 'sub/same as model.bin']) {
      expect(await sha256File(join(folder, path))).toBe(sha256)
    }
    expect((await stat(join(folder, 'empty.bin'))).size).toBe(0)
    expect((await listTree(folder)).size).toBe(12)
    const pages = hub.log.filter(({ path }) => path.includes('/tree/'))
    expect(pages.length).toBeGreaterThanOrEqual(8)
  })

  test('asks the CDN without the token that it shows to the Hub', async (context) => {
    const env = { ...hubClientEnv(hub.endpoint, home.path), HF_TOKEN: 'hf_in' }
    const args = ['model', 'org/tiny']
    const result = await runPython(requireTool(context, tool), DOWNLOAD, { env, args })
    expect(result.exitCode, result.stderr).toBe(0)
    const toHub = hub.log.filter(({ role, path }) => role === 'hub' && path.includes('/resolve/'))
    const toCdn = hub.log.filter(({ role }) => role === 'cdn')
    expect(toHub.every(({ headers }) => headers.authorization === 'Bearer hf_in')).toBe(true)
    expect(toCdn.length).toBeGreaterThan(0)
    expect(toCdn.every(({ headers }) => headers.authorization === undefined)).toBe(true)
  })

  test('its own verification and scan agree with what was served', async (context) => {
    await download(context, 'model', 'org/tiny')
    const verify = await hf(context, 'cache', 'verify', 'org/tiny')
    expect(verify.exitCode, verify.stdout + verify.stderr).toBe(0)
    const scan = await python(
      context,
      'from huggingface_hub import scan_cache_dir as s\ni = s()\nprint(len(i.warnings), len(i.repos))',
    )
    expect(scan.stdout.trim()).toBe('0 1')
  })

  test('a second download asks once and fetches nothing', async (context) => {
    await download(context, 'model', 'org/tiny')
    hub.clearLog()
    await download(context, 'model', 'org/tiny')
    const asked = hub.log.filter(({ path }) => path !== '/api/agent-harnesses')
    expect(asked.map(({ path }) => path)).toEqual(['/api/models/org/tiny/revision/main'])
  })

  test('downloads datasets, spaces, tags, pull requests and renamed repositories', async (context) => {
    const added = [{ path: 'pr.txt', content: 'pr\n' }]
    const pr = await hub.commit({ id: 'org/tiny', branch: 'refs/pr/1', files: added })
    const data = await download(context, 'dataset', 'org/data')
    const app = await download(context, 'space', 'org/app')
    expect(await readFile(join(data, 'a.txt'), 'utf8')).toBe('a\n')
    expect(await readFile(join(app, 'a.txt'), 'utf8')).toBe('a\n')
    expect(await download(context, 'model', 'org/tiny', 'v1')).toContain(commit)
    expect(await download(context, 'model', 'org/tiny', 'refs/pr/1')).toContain(pr.commit)
    expect(await download(context, 'model', 'org/old')).toContain(
      `models--org--old/snapshots/${commit}`,
    )
  })

  test('its command line downloads', async (context) => {
    const got = await hf(context, 'download', 'org/tiny', '--include', '*.json', '--quiet')
    expect(got.exitCode, got.stderr).toBe(0)
    const names = [...(await listTree(got.stdout.trim().replace(/^path=/, ''))).keys()]
    expect(names).toEqual(['config.json', 'copy of config.json'])
  })

  test('raises for each refusal what it raises for the real Hub', async (context) => {
    const cases = FAILURES.map(([repo, name, revision, token]) => [repo, name, revision, token])
    const { exitCode, stdout, stderr } = await python(context, FAIL, JSON.stringify(cases))
    expect(exitCode, stderr).toBe(0)
    const raised = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    for (const [at, [repo, , , , error]] of FAILURES.entries()) {
      const both = [expect.arrayContaining([error]), expect.arrayContaining([error])]
      expect([repo, raised[at]]).toEqual([repo, both])
    }
  })

  test('remembers a file that is not there', async (context) => {
    const missing = JSON.stringify([['org/tiny', 'none.txt', 'main', '']])
    const { stdout } = await python(context, FAIL, missing)
    expect(stdout).toContain('EntryNotFoundError')
    const marker = home.join(`hub/models--org--tiny/.no_exist/${commit}/none.txt`)
    expect((await stat(marker)).size).toBe(0)
  })

  test('gets gated and private files with a token that has access', async (context) => {
    const env = { ...hubClientEnv(hub.endpoint, home.path), HF_TOKEN: 'hf_in' }
    for (const repo of ['org/gated', 'org/private']) {
      const args = ['model', repo]
      const result = await runPython(requireTool(context, tool), DOWNLOAD, { env, args })
      expect(await readFile(join(result.stdout.trim(), 'a.txt'), 'utf8')).toBe('a\n')
    }
  })

  test('resumes within one run when the CDN cuts, and waits when told to', async (context) => {
    const cut = hub.fault({ match: { role: 'cdn', times: 1 }, do: { cutAt: 1_000_000 } })
    const headers = { RateLimit: '"resolvers";r=0;t=1' }
    const match = { role: 'hub', method: 'GET', path: '/resolve-cache/', times: 1 }
    const slowDown = hub.fault({ match, do: { status: 429, headers } })
    const folder = await download(context, 'model', 'org/tiny')
    const sha256 = await sha256OfRandomBytes(WEIGHTS)
    expect(await sha256File(join(folder, 'model.safetensors'))).toBe(sha256)
    expect([cut.hits, slowDown.hits]).toEqual([1, 1])
  })
})
