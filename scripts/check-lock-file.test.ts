import { expect, it } from 'vitest'
import { findLockFileProblems } from './check-lock-file.ts'
import type { LockedPackage } from './lock-file.ts'

const sound = { version: '1.0.0', integrity: 'sha512-x' }
const packages = {
  '': {},
  'packages/cli': {},
  'node_modules/cli': { resolved: 'packages/cli', link: true },
  'node_modules/a': sound,
}

it('has nothing against our own packages and those with a checksum alone', () => {
  expect(findLockFileProblems({ packages })).toEqual([])
})

it.each<[string, LockedPackage, string]>([
  ['an install script', { ...sound, hasInstallScript: true }, 'install script'],
  ['a download address', { ...sound, resolved: 'https://mirror.example/b.tgz' }, 'came from'],
  ['no checksum', { version: '1.0.0' }, 'no checksum'],
])('finds %s', (_what, entry, complaint) => {
  const nested: Record<string, LockedPackage> = {
    ...packages,
    'node_modules/a/node_modules/@scope/b': entry,
  }
  expect(findLockFileProblems({ packages: nested })).toEqual([
    expect.stringMatching(`node_modules/a/node_modules/@scope/b .*${complaint}`),
  ])
})

it('finds a package that npm left out', () => {
  const tool = { ...sound, optionalDependencies: { 'tool-darwin-x64': '1.0.0' } }
  const problems = findLockFileProblems({ packages: { ...packages, 'node_modules/tool': tool } })
  expect(problems).toEqual([expect.stringContaining('tool-darwin-x64@1.0.0 has no entry')])
})
