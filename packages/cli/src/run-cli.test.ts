import { WindlassError } from '@windlass/engine'
import { describe, expect, it } from 'vitest'
import { runCli, tellFailure } from './run-cli.ts'
import { fakeHost, keptOutput } from './testing/fake-host.ts'

describe('tellFailure', () => {
  it('says what happened, then what can be done', () => {
    const host = fakeHost()
    const code = tellFailure(new WindlassError('HTTP_GATED', { detail: 'org/name' }), host)
    expect(code).toBe(3)
    expect(host.stderr.text()).toMatch(/^error: .*: org\/name\nhint: .+\n$/)
  })

  it('shows the trace of what nobody foresaw', () => {
    const host = fakeHost()
    expect(tellFailure(new RangeError('odd'), host)).toBe(70)
    expect(host.stderr.text()).toContain('RangeError: odd')
  })

  it('shows no control character of a message', () => {
    const host = fakeHost()
    tellFailure(new WindlassError('REPO_NOT_FOUND', { detail: '\u001b[2J' }), host)
    expect(host.stderr.text()).not.toContain('\u001b')
  })
})

describe('the command line', () => {
  const run = async (...args: string[]) => {
    const host = fakeHost({ env: { WINDLASS_PORT: 'many' } })
    return { code: await runCli(args, host), out: host.stdout.text(), err: host.stderr.text() }
  }

  it('prints its version and its help on stdout', async () => {
    expect(await run('--version')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+/),
    })
    expect(await run('--help')).toMatchObject({
      code: 0,
      out: expect.stringContaining('windlass pull'),
    })
    expect(await run('pull', '--help')).toMatchObject({
      code: 0,
      out: expect.stringContaining('--dry-run'),
    })
  })

  it('suggests the verb that was meant', async () => {
    const { code, err } = await run('pul', 'org/name')
    expect(code).toBe(2)
    expect(err).toContain('Did you mean pull?')
  })

  it('refuses what it does not understand with the usage code', async () => {
    for (const args of [
      [],
      ['pull'],
      ['pull', 'x', '--priority', 'high'],
      ['pull', 'x', '--connections', '0'],
      ['pull', 'x', '--limit-rate', '10'],
      ['ls', '--state', 'odd'],
      ['pull', 'x', '--nope'],
      ['token', 'set', 'elsewhere'],
      ['token', 'set', 'huggingface', 'hf_typed'],
    ]) {
      expect((await run(...args)).code, args.join(' ')).toBe(2)
    }
  })

  it('names the setting that is wrong', async () => {
    const { code, err } = await run('ls')
    expect(code).toBe(2)
    expect(err).toContain('WINDLASS_PORT')
  })
})

it('keeps words whole in the help on a narrow terminal', async () => {
  const host = { ...fakeHost(), stdout: keptOutput({ isTerminal: true, columns: 60 }) }
  await runCli(['--help'], host)
  const lines = host.stdout.text().split('\n')
  expect(lines.filter((line) => line.length > 60)).toEqual([])
  expect(lines).toContain('  watch [options] [id]      follow downloads live')
})
