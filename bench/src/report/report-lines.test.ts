import { expect, test } from 'vitest'
import { spreadOf } from '../measure/spread.ts'
import type { CaseOutcome, Report } from './report.ts'
import { reportLines } from './report-lines.ts'

function linesOf(outcome: CaseOutcome, load = 0.1): string {
  const report: Report = {
    startedAt: '2026-01-02T03:04:05.000Z',
    machine: {
      cpu: 'Some CPU',
      cores: 2,
      memoryBytes: 8 * 1024 ** 3,
      kernel: 'Linux 6.1',
      node: 'v24.15.0',
      fileSystem: 'ext4',
      load,
    },
    versions: { curl: 'curl 8' },
    largeBytes: 2 * 1024 ** 3,
    rounds: 5,
    cases: [{ name: 'one', title: 'some case', outcome }],
  }
  return reportLines(report).join('\n')
}

test('names the machine, the versions and what a value has to keep to', () => {
  const text = linesOf({
    kind: 'measured',
    figures: [
      { name: 'a / b', unit: 'x', value: spreadOf([0.8, 1.2, 1.1]), target: { most: 1 } },
      { name: 'c / d', unit: 'x', value: spreadOf([7.6]), target: { least: 7.5 } },
      { name: 'e', unit: 's', value: spreadOf([123.456]), target: null },
    ],
  })
  expect(text).toContain('2 x Some CPU, 8 GiB, Linux 6.1, ext4, load 0.1')
  expect(text).toContain('curl 8')
  expect(text).toMatch(/a \/ b +1\.10 x +0\.80 +1\.20 +<= 1 +MISSED/)
  expect(text).toMatch(/c \/ d +7\.60 x +7\.60 +7\.60 +>= 7\.5 +met/)
  expect(text).toMatch(/e +123 s +123 +123$/m)
})

test('says why a case did not run', () => {
  const text = linesOf({ kind: 'skipped', reason: 'nginx is missing' })
  expect(text).toContain('skipped: nginx is missing')
})

test('warns of figures from a busy machine, and of no others', () => {
  const skipped = { kind: 'skipped', reason: '' } as const
  expect(linesOf(skipped, 3)).toContain('busy')
  expect(linesOf(skipped, 0.4)).not.toContain('busy')
})
