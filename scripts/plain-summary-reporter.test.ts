import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
// biome-ignore lint/suspicious/noDeprecatedImports: only one overload is deprecated, not the one used here
import { startVitest } from 'vitest/node'
import { PlainSummaryReporter } from './plain-summary-reporter.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'windlass-reporter-'))
})
afterEach(() => rm(root, { recursive: true }))

/** Runs test files of the given texts with a real Vitest and returns what the reporter wrote. */
async function summaryOf(files: Record<string, string>): Promise<string[]> {
  return (await runOf(files, false)).lines
}

async function runOf(
  files: Record<string, string>,
  mustRunAll: boolean,
): Promise<{ readonly lines: string[]; readonly exitCode: unknown }> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, name), text)
  let written = ''
  const exitCode = process.exitCode
  const write = (text: string): void => {
    written += text
  }
  const reporter = new PlainSummaryReporter({ mustRunAll, write })
  const run = await startVitest([], {
    root,
    config: false,
    watch: false,
    globals: true,
    reporters: [reporter],
  })
  await run.close()
  const ownExitCode = process.exitCode
  // A failing inner run marks the whole process as failed; this process is the outer run's.
  process.exitCode = exitCode
  return { lines: written.trim().split('\n'), exitCode: ownExitCode }
}

it('counts passed, failed and skipped tests in one line of its own', async () => {
  const lines = await summaryOf({
    'mixed.test.ts': `
      it('passes', () => {})
      it('passes too', () => {})
      it('fails', () => { throw new Error('on purpose') })
      it('needs a tool', (ctx) => ctx.skip('no yt-dlp on PATH'))`,
  })
  expect(lines).toEqual([
    'skipped: mixed.test.ts > needs a tool: no yt-dlp on PATH',
    '2 passed, 1 failed, 1 skipped',
  ])
})

it('fails a run that skipped a test where everything must run', async () => {
  const files = {
    'skips.test.ts': `it('needs root', (ctx) => ctx.skip('only root can'))`,
  }
  const strict = await runOf(files, true)
  expect(strict.exitCode).toBe(1)
  expect(strict.lines).toContain('WINDLASS_TEST_REQUIRE=all: a run that skips a test has failed')
  expect((await runOf(files, false)).exitCode).not.toBe(1)
})

it('names a group that is skipped for one reason once', async () => {
  const lines = await summaryOf({
    'group.test.ts': `
      describe('the real client', () => {
        beforeEach((ctx) => ctx.skip('no huggingface_hub'))
        it('scans', () => {})
        it('verifies', () => {})
      })`,
  })
  expect(lines).toEqual([
    'skipped: 2 tests of group.test.ts > the real client: no huggingface_hub',
    '0 passed, 0 failed, 2 skipped',
  ])
})

it('counts a file that cannot be loaded as failed', async () => {
  const lines = await summaryOf({ 'broken.test.ts': `throw new Error('on purpose')` })
  expect(lines.at(-1)).toBe('0 passed, 1 failed, 0 skipped')
})

it('counts a failing hook as failed', async () => {
  const lines = await summaryOf({
    'hook.test.ts': `
      describe('a group', () => {
        beforeAll(() => { throw new Error('on purpose') })
        it('never runs', () => {})
      })`,
  })
  expect(lines.at(-1)).toBe('0 passed, 1 failed, 1 skipped')
})
