import { expect, it } from 'vitest'
import { completeLockFile } from './complete-lock-file.ts'
import { findAbsentPackages, type LockFile } from './lock-file.ts'

const here = { version: '2.0.0', optional: true, os: ['linux'], cpu: ['x64'] }
const lock = (optionalDependencies: Record<string, string>): LockFile => ({
  packages: {
    '': {},
    'node_modules/tool': { version: '2.0.0', dev: true, optionalDependencies },
    'node_modules/tool-linux-x64': here,
  },
})

it('adds packages for other platforms that npm left out', () => {
  const complete = completeLockFile(
    lock({
      'tool-linux-x64': '2.0.0',
      'tool-linux-arm64-musl': '2.0.0',
      '@tool/win32-x64': '2.0.1',
    }),
  )
  expect(complete.packages['node_modules/tool-linux-x64']).toEqual(here)
  expect(complete.packages['node_modules/tool-linux-arm64-musl']).toEqual({
    version: '2.0.0',
    dev: true,
    optional: true,
    os: ['linux'],
    cpu: ['arm64'],
    libc: ['musl'],
  })
  expect(complete.packages['node_modules/@tool/win32-x64']?.os).toEqual(['win32'])
  expect(findAbsentPackages(complete)).toEqual([])
})

it('changes nothing in a complete one', () => {
  const complete = lock({ 'tool-linux-x64': '2.0.0' })
  expect(completeLockFile(complete)).toEqual(complete)
})

it('finds a package beside the one that names it and in the folders above', () => {
  const packages = {
    'node_modules/a/node_modules/b': {
      optionalDependencies: { c: '1.0.0', d: '1.0.0', e: '1.0.0' },
    },
    'node_modules/a/node_modules/c': {},
    'node_modules/d': {},
  }
  expect(findAbsentPackages({ packages }).map(({ name }) => name)).toEqual(['e'])
})

it('does not guess a platform', () => {
  expect(() => completeLockFile(lock({ extras: '1.0.0' }))).toThrow('extras@1.0.0')
  expect(() => completeLockFile(lock({ 'tool-darwin-x64': '^1.0.0' }))).toThrow('by hand')
})
