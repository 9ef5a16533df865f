import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileFnmatch } from './compile-fnmatch.ts'

describe('a pattern', () => {
  it.each([
    ['*.json', 'config.json', true],
    ['*.json', 'deep/er/config.json', true],
    ['*.json', '.hidden.json', true],
    ['*.JSON', 'config.json', false],
    ['**/x.bin', 'x.bin', false],
    ['**/x.bin', 'a/x.bin', true],
    ['data', 'data/x', false],
    ['data/*', 'data/x/y', true],
    ['a?c', 'a/c', true],
    ['a?c', 'ac', false],
    ['{a,b}', 'a', false],
    ['{a,b}', '{a,b}', true],
    ['[ab]c', 'bc', true],
    ['[!ab]c', 'bc', false],
    ['[!ab]c', 'xc', true],
    ['[a-c]', 'b', true],
    ['[c-a]', 'b', false],
    ['[!c-a]', 'b', true],
    ['[a-]', '-', true],
    ['[]a]', ']', true],
    ['[a', '[a', true],
    ['[!]', '[!]', true],
    ['a\\*', 'a\\bc', true],
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-b-b', false],
    ['?', '\u{1F600}', true],
    ['[\uFF00-\u{1F600}]', '\u{1F5FF}', true],
  ])('%s on %s: %s', (pattern, path, expected) => {
    expect(compileFnmatch(pattern)(path)).toBe(expected)
  })

  it('made to be slow is not', () => {
    const startedAt = performance.now()
    expect(compileFnmatch(`${'a*'.repeat(50)}b`)('a'.repeat(4000))).toBe(false)
    expect(performance.now() - startedAt).toBeLessThan(2000)
  })
})

/** Answers `[[pattern, path], ...]` on stdin with a list of booleans. */
const SCRIPT =
  'import sys, json, fnmatch; sys.stdin.reconfigure(encoding="utf-8");' +
  'json.dump([fnmatch.fnmatchcase(path, pattern) for pattern, path in json.load(sys.stdin)], sys.stdout)'

it('means what it means to Python', (context) => {
  const text = fc.string({
    unit: fc.constantFrom(...'abcAB/.*?[]!-^\\&|~{},$( \n\u00e9\uFF21\u{1F600}'),
    maxLength: 12,
  })
  // Half of the paths are made from their pattern, or hardly any would match.
  const pair = text.chain((pattern) =>
    fc.tuple(
      fc.constant(pattern),
      fc.oneof(text, fc.constant(pattern.replaceAll(/[*?]/g, 'ab').replaceAll(/[[\]!-]/g, ''))),
    ),
  )
  const pairs = fc.sample(pair, { numRuns: 6000, seed: 20_261_120 })
  const python = spawnSync('python3', ['-c', SCRIPT], {
    input: JSON.stringify(pairs),
    encoding: 'utf8',
  })
  if (python.error !== undefined) context.skip('python3 is not installed here')
  expect(python.stderr).toBe('')
  const expected: unknown = JSON.parse(python.stdout)
  expect(pairs.map(([pattern, path]) => compileFnmatch(pattern)(path))).toEqual(expected)
  expect(expected).toContain(true)
  expect(expected).toContain(false)
})
