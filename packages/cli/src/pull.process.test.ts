import { readFile } from 'node:fs/promises'
import { parseEvent } from '@windlass/contract'
import { type FakeHub, startFakeHub, type TempDir, tempDir } from '@windlass/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runWindlass, startWindlass } from './testing/start-windlass.ts'

const MIB = 1024 * 1024
const BIG_BYTES = 12 * MIB

describe('windlass pull', { timeout: 60_000 }, () => {
  let hub: FakeHub
  let dir: TempDir
  const run = (...args: string[]) => runWindlass({ dir, endpoint: hub.endpoint }, args)
  const start = (...args: string[]) => startWindlass({ dir, endpoint: hub.endpoint }, args)

  beforeEach(async () => {
    dir = await tempDir()
    hub = await startFakeHub()
    const config = { path: 'config.json', content: '{"a":1}' }
    await hub.addRepo({
      id: 'org/small',
      files: [config, { path: 'sub/notes.txt', content: 'hello' }],
    })
    const weights = { path: 'model.safetensors', content: { seed: 'big', sizeBytes: BIG_BYTES } }
    await hub.addRepo({ id: 'org/big', files: [config, weights] })
    await hub.addRepo({ id: 'org/gated', gated: 'auto', files: [config] })
  })

  afterEach(async () => {
    await hub.close()
    await dir.remove()
  })

  /** Slows the CDN down so that a test can act in the middle, and waits until bytes flow. */
  async function startSlowly(...args: string[]) {
    hub.setCdnRate(MIB / 4)
    const windlass = start(...args)
    await windlass.said(/downloading/)
    return windlass
  }

  function bytesFromCdn(): number {
    const answers = hub.log.filter((request) => request.role === 'cdn')
    return answers.reduce((sum, request) => sum + request.bytesSent, 0)
  }

  it('prints the path last, and it holds the files', async () => {
    const { code, stderr, stdout } = await run('pull', 'org/small')
    expect(code).toBe(0)
    expect(await readFile(`${stdout.trim()}/sub/notes.txt`, 'utf8')).toBe('hello')
    expect(stderr).toMatch(/org\/small: accepted as \w+\norg\/small: 2 files, 12 B\n/)
    expect(stderr).toMatch(/complete, 12 B in 2 files, verified\n$/)
  })

  it('prints nothing but the paths when told to be quiet, one line for each reference in order', async () => {
    const { code, stderr, stdout } = await run('pull', '--quiet', 'org/small', 'org/big')
    expect(code).toBe(0)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^\S+models--org--small\S+\n\S+models--org--big\S+\n$/)
  })

  it('fetches only what is asked for', async () => {
    await run('pull', 'org/small', '--include', '*.json', '--exclude', 'sub/*')
    expect(hub.log.some((request) => request.file === 'config.json')).toBe(true)
    expect(hub.log.some((request) => request.file === 'sub/notes.txt')).toBe(false)
  })

  it('shows what it would fetch, and fetches nothing', async () => {
    const { code, stdout } = await run('pull', '--dry-run', 'org/big')
    expect(code).toBe(0)
    expect(stdout).toMatch(/model\.safetensors +12\.6 MB\n/)
    expect(stdout).toMatch(/Will fetch 2 files \(of 2\), 12\.6 MB\. Free: .* It fits\.\n$/)
    expect(hub.log.some((request) => request.role === 'cdn')).toBe(false)
  })

  it('gives programs the events as they are, then the result', async () => {
    const { stdout } = await run('pull', '--json', 'org/small')
    const lines = stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    const types = lines.slice(0, -1).map((line) => parseEvent(line).type)
    expect(types[0]).toBe('download.created')
    expect(types).toContain('download.resolved')
    expect(lines.at(-1)).toMatchObject({
      type: 'result',
      exitCode: 0,
      downloads: [
        { ref: 'org/small', state: 'completed', path: expect.stringContaining('snapshots') },
      ],
    })
  })

  it('tells what a person must do with exit code 3, and still brings the rest', async () => {
    const { code, stderr, stdout } = await run('pull', 'org/gated', 'org/small')
    expect(code).toBe(3)
    expect(stderr).toMatch(/error: org\/gated: .+\nhint: .+org\/gated/)
    expect(stdout).toMatch(/^\S+models--org--small\S+\n$/)
  })

  it('refuses what is no reference with exit code 2', async () => {
    const { code, stderr } = await run('pull', '::')
    expect(code).toBe(2)
    expect(stderr).toMatch(/^error: .+\nhint: .+\n$/)
  })

  it('pauses at Ctrl-C, and the same command goes on where it stood', async () => {
    const first = await startSlowly('pull', 'org/big')
    await vi.waitFor(() => expect(bytesFromCdn()).toBeGreaterThan(3 * MIB), 20_000)
    first.child.kill('SIGINT')
    const paused = await first.ended
    expect(paused.code).toBe(130)
    expect(paused.stderr).toMatch(
      /org\/big: paused\. Everything received is kept: .+ of 12\.6 MB\.\n/,
    )
    expect(paused.stderr).toContain('Go on with: windlass pull org/big\n')
    expect((await run('ls')).stdout).toMatch(/paused/)

    hub.setCdnRate(undefined)
    hub.clearLog()
    const second = await run('pull', 'org/big')
    expect(second.code).toBe(0)
    expect(bytesFromCdn()).toBeLessThan(BIG_BYTES - MIB)
    expect(await sizeOf(`${second.stdout.trim()}/model.safetensors`)).toBe(BIG_BYTES)
  })

  it('keeps to the rate and the connections that it was given, and shows them', async () => {
    const pull = start('pull', 'org/big', '--limit-rate', '1M', '--connections', '2')
    await pull.said(/downloading/)
    pull.child.kill('SIGINT')
    const { code, stderr } = await pull.ended
    expect(code).toBe(130)
    expect(stderr).toContain(
      'Go on with: windlass pull org/big --connections 2 --limit-rate 1000000\n',
    )
    const id = (await run('ls')).stdout.match(/^(\w{10}) .*org\/big/m)?.[1] ?? ''
    const shown = (await run('show', id)).stdout
    expect(shown).toMatch(/^Connections +2 at most$/m)
    expect(shown).toMatch(/^Limit +1(\.0)? MB\/s at most$/m)
  })

  it('ends at once at the second Ctrl-C, even when the process it asks hangs', async () => {
    const owner = await startSlowly('pull', 'org/big')
    const guest = start('pull', 'org/big')
    await guest.said(/runs already/)
    owner.child.kill('SIGSTOP')
    guest.child.kill('SIGINT')
    await guest.said(/Pausing/)
    guest.child.kill('SIGINT')
    expect((await guest.ended).code).toBe(130)
    owner.child.kill('SIGKILL')
    await owner.ended
  })

  it('leaves at SIGTERM without pausing, so that the next start goes on by itself', async () => {
    const first = await startSlowly('pull', 'org/big')
    first.child.kill('SIGTERM')
    expect((await first.ended).code).toBe(143)
    expect((await run('ls')).stdout).not.toMatch(/paused/)
  })

  it('takes over when the process it waits on is killed', async () => {
    const owner = await startSlowly('pull', 'org/big')
    const guest = start('pull', 'org/big')
    await guest.said(/runs already/)
    owner.child.kill('SIGKILL')
    const { code, stderr, stdout } = await guest.ended
    expect(code).toBe(0)
    expect(stderr).toContain('going on here')
    expect(await sizeOf(`${stdout.trim()}/model.safetensors`)).toBe(BIG_BYTES)
  })

  it('ends with 130 when somebody else pauses it, and says how to go on', async () => {
    const pull = await startSlowly('pull', 'org/big')
    expect((await run('pause', '--all')).code).toBe(0)
    const { code, stderr } = await pull.ended
    expect(code).toBe(130)
    expect(stderr).toContain('Go on with: windlass pull org/big')
  })

  it('begins a cancelled download again', async () => {
    const pull = await startSlowly('pull', 'org/big')
    const cancelled = await run('cancel', '--all', '--yes')
    expect(cancelled.stdout).toMatch(/cancelled; removed \d+ files?, .+B\n$/)
    expect((await pull.ended).code).toBe(1)
    hub.setCdnRate(undefined)
    expect((await run('pull', 'org/big')).code).toBe(0)
  })

  it('only queues when told to detach, and says who will do it', async () => {
    const { code, stderr, stdout } = await run('pull', '--detach', 'org/small')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\w+\n$/)
    expect(stderr).toContain('windlass serve')
    expect((await run('ls', '--state', 'queued')).stdout).toContain('org/small')
  })
})

async function sizeOf(path: string): Promise<number> {
  return (await readFile(path)).length
}
