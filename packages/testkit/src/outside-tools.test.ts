import { chmod, writeFile } from 'node:fs/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { tempDir } from './files/temp-dir.ts'
import { findTool, requireTool, runProgram } from './outside-tools.ts'

afterEach(() => vi.unstubAllEnvs())

class Skipped extends Error {}

const context = {
  skip(note?: string): never {
    throw new Skipped(note)
  },
}

test('a program on PATH is found, one that cannot be run is not', async () => {
  await using dir = await tempDir()
  vi.stubEnv('PATH', dir.path)
  expect(findTool('aria2c')).toBeUndefined()
  await writeFile(dir.join('aria2c'), '#!/bin/sh\n')
  expect(findTool('aria2c')).toBeUndefined()
  await chmod(dir.join('aria2c'), 0o755)
  expect(findTool('aria2c')).toBe(dir.join('aria2c'))
  expect(requireTool(context, 'aria2c')).toBe(dir.join('aria2c'))
})

test('without the tool a test is skipped with the reason', () => {
  vi.stubEnv('PATH', '')
  vi.stubEnv('WINDLASS_TEST_REQUIRE', '')
  expect(() => requireTool(context, 'tmux')).toThrow(Skipped)
  expect(() => requireTool(context, 'tmux')).toThrow('tmux is not installed here')
})

test('where everything is required a missing tool fails the test', () => {
  vi.stubEnv('PATH', '')
  vi.stubEnv('WINDLASS_TEST_REQUIRE', 'all')
  let thrown: unknown
  try {
    requireTool(context, 'tmux')
  } catch (error) {
    thrown = error
  }
  expect(thrown).not.toBeInstanceOf(Skipped)
  expect(thrown).toMatchObject({ message: 'tmux is not installed here' })
})

test('a program’s output and exit code are a result, tokens of the caller do not reach it', async () => {
  vi.stubEnv('HF_TOKEN', 'hf_secret')
  const script = 'console.log(process.env.HF_TOKEN, process.env.GIVEN); process.exit(3)'
  const env = { GIVEN: 'yes' }
  const result = await runProgram(process.execPath, { args: ['-e', script], env })
  expect(result).toEqual({ exitCode: 3, stdout: 'undefined yes\n', stderr: '' })
})

test('a program that cannot be started is an error', async () => {
  await expect(runProgram('/nonexistent/program')).rejects.toMatchObject({ code: 'ENOENT' })
})
