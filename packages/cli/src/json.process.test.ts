import { parseEvent } from '@windlass/contract'
import { startFakeHub, tempDir } from '@windlass/testkit'
import { assert, expect, it } from 'vitest'
import { JSON_OUTPUTS } from './json-outputs.ts'
import { runWindlass } from './testing/start-windlass.ts'

type Line = Readonly<Record<string, unknown>>

const SUMMARY =
  'actions attempts createdAt destination elapsedSeconds finishedAt id priority progress ref revision source startedAt state title'
const DOWNLOAD = `${SUMMARY} files`
const MODEL =
  'model status progress error_message download_id repo_type refs path size_bytes files total_bytes files_total files_missing checked_against staged_bytes last_modified'
const PROGRESS = 'bytesPerSecond etaSeconds filesDone filesTotal percent receivedBytes totalBytes'

/** The keys of an object, one text to compare. */
function keys(value: unknown): string {
  assert(typeof value === 'object' && value !== null)
  return sorted(Object.keys(value).join(' '))
}
const sorted = (text: string): string =>
  text
    .split(' ')
    .sort((a, b) => (a < b ? -1 : 1))
    .join(' ')

it('--json keeps its keys, and stdout holds nothing else', { timeout: 120_000 }, async () => {
  await using dir = await tempDir()
  const hub = await startFakeHub({ users: { hf_me: 'me' } })
  try {
    await hub.addRepo({ id: 'org/name', files: [{ path: 'a', content: 'a' }] })
    const json = async (...args: string[]): Promise<Line[]> => {
      const env = { HF_TOKEN: 'hf_me' }
      const { stdout } = await runWindlass({ dir, endpoint: hub.endpoint, env }, [
        ...args,
        '--json',
      ])
      return stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Line)
    }

    const [plan] = await json('pull', '--dry-run', 'org/name')
    expect(keys(plan)).toBe(
      sorted(
        'ref source title revision destination files totalBytes missingBytes freeBytes reservedBytes fits',
      ),
    )
    expect(keys((await json('pull', '--dry-run', '::'))[0])).toBe('problem ref')
    const [queued] = await json('pull', '--detach', 'org/name')
    expect(keys(queued)).toBe(sorted(`${DOWNLOAD} waitsFor`))
    expect(keys((await json('pull', '--detach', '::'))[0])).toBe('problem ref')
    const id = String(queued?.['id'])

    const [paused] = await json('pause', id)
    expect([keys(paused), keys(paused?.['download'])]).toEqual(['download id', sorted(SUMMARY)])
    expect(keys(Object(paused?.['download']).progress)).toBe(sorted(PROGRESS))
    const [refused] = await json('retry', id)
    expect(keys(refused)).toBe('id problem')
    expect(keys(refused?.['problem'])).toMatch(/^code detail facts (hint )?status title type$/)
    const [listed] = await json('ls')
    expect(keys(listed)).toBe(sorted(SUMMARY))
    expect(keys((await json('show', id))[0])).toBe(sorted(DOWNLOAD))
    const [cancelled] = await json('cancel', id, '--yes')
    expect(keys(cancelled?.['download'])).toContain('receipt')

    const pulled = await json('pull', 'org/name')
    for (const line of pulled.slice(0, -1)) expect(keys(parseEvent(line))).toBe('at data seq type')
    expect(keys(pulled.at(-1))).toBe('downloads exitCode type')
    expect(pulled.at(-1)).toMatchObject({ type: 'result', exitCode: 0 })
    expect(keys(Object(pulled.at(-1)?.['downloads'])[0])).toBe('id path ref state')
    expect(keys((await json('rm', '--all'))[0])).toBe('id')

    for (const words of [['ls'], ['status', 'org/name']]) {
      expect(keys((await json('models', ...words))[0])).toBe(sorted(MODEL))
    }
    expect(keys((await json('models', 'verify', 'org/name'))[0])).toBe(
      sorted(
        'model status checked_against hub_error files_checked bytes_checked damaged missing repair elapsed_seconds',
      ),
    )
    expect(keys((await json('models', 'space'))[0])).toBe(
      sorted('cache_size_bytes available_bytes cache_path'),
    )
    expect(keys((await json('models', 'prune', '--dry-run'))[0])).toBe('dry_run items receipt')
    expect(keys((await json('models', 'rm', 'org/name', '--yes'))[0])).toBe(
      sorted('model status dry_run receipt'),
    )

    expect(keys((await json('token', 'test', 'huggingface'))[0])).toBe(
      sorted('host endpoint from name tokenName role'),
    )
    for (const line of await json('config')) expect(keys(line)).toBe('from hidden value variable')
    for (const line of await json('doctor')) expect(keys(line)).toMatch(/^level name text( todo)?$/)
  } finally {
    await hub.close()
  }
})

it('each of them is in the manual', () => {
  const told = JSON_OUTPUTS.map(({ command }) => command).join(', ')
  for (const verb of [
    'pull',
    'ls',
    'show',
    'watch',
    'pause',
    'rm',
    'models ls',
    'models status',
    'models verify',
    'models rm',
    'models prune',
    'models space',
    'token test',
    'config',
    'doctor',
  ]) {
    expect(told).toContain(verb)
  }
})
