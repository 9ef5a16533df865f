import type { Reporter, TestCase, TestModule } from 'vitest/node'

export interface PlainSummaryOptions {
  /** Whether a run with a skipped test is a failed run: what was to be proven was not. */
  readonly mustRunAll: boolean
  readonly write?: (text: string) => void
}

interface Tally {
  passed: number
  failed: number
  skipped: number
}

/**
 * Ends a run with one line that a person and a script read alike, `N passed, N failed, N skipped`;
 * before it one line for each group of skipped tests with the reason. A file that cannot be loaded,
 * a failing hook and an error outside of any test count as failed, so `0 failed` means what it says.
 */
export class PlainSummaryReporter implements Reporter {
  readonly #write: (text: string) => void
  readonly #mustRunAll: boolean

  constructor({ mustRunAll, write = (text) => process.stdout.write(text) }: PlainSummaryOptions) {
    this.#write = write
    this.#mustRunAll = mustRunAll
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tally: Tally = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    const skipped = new Map<string, TestCase[]>()
    for (const module of modules) {
      tally.failed += module.errors().length
      for (const suite of module.children.allSuites()) tally.failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed' || state === 'failed') {
          tally[state] += 1
        } else {
          tally.skipped += 1
          const group = JSON.stringify([module.moduleId, test.parent.id, reasonOf(test)])
          skipped.set(group, [...(skipped.get(group) ?? []), test])
        }
      }
    }
    const lines = [...skipped.values()].map(describeSkipped)
    if (this.#mustRunAll && tally.skipped > 0) {
      lines.push('WINDLASS_TEST_REQUIRE=all: a run that skips a test has failed')
      process.exitCode = 1
    }
    this.#write(
      `\n${[...lines, `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`].join('\n')}\n`,
    )
  }
}

function reasonOf(test: TestCase): string {
  const result = test.result()
  if (result.state === 'pending') return 'did not run to its end'
  if (result.state === 'skipped' && result.note !== undefined) return result.note
  return test.options.mode === 'todo' ? 'to do' : 'no reason given'
}

function describeSkipped(tests: readonly TestCase[]): string {
  const [first] = tests
  if (first === undefined) return ''
  const group = first.parent.type === 'suite' ? ` > ${first.parent.fullName}` : ''
  const subject =
    tests.length === 1
      ? `${first.module.relativeModuleId} > ${first.fullName}`
      : `${tests.length} tests of ${first.module.relativeModuleId}${group}`
  return `skipped: ${subject}: ${reasonOf(first)}`
}
