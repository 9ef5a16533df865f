import { tempDir } from '@windlass/testkit'
import { expect, test } from 'vitest'
import type { BenchCase } from './bench-case.ts'
import { runBench } from './run-bench.ts'

test('a case without its tools is skipped, and the report says what is missing', async () => {
  await using dir = await tempDir()
  const untouched: BenchCase = {
    name: 'some',
    title: 'some case',
    tools: ['curl', 'aria2c'],
    run: () => expect.unreachable('it has no tools'),
  }
  const report = await runBench({
    cases: [untouched],
    path: dir.path,
    folder: dir.path,
    largeBytes: 1,
    rounds: 1,
    signal: new AbortController().signal,
    say: () => {},
  })
  expect(report.cases).toEqual([
    {
      name: 'some',
      title: 'some case',
      outcome: {
        kind: 'skipped',
        reason: 'curl is missing (apt-get install curl), aria2c is missing (apt-get install aria2)',
      },
    },
  ])
})
