import { defineConfig } from 'vitest/config'
import { PlainSummaryReporter } from './scripts/plain-summary-reporter.ts'

/** Packages are tested from their sources, as they run in development. */
const conditions = ['windlass-source']

const mustRunAll = process.env['WINDLASS_TEST_REQUIRE'] === 'all'

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  resolve: { conditions },
  test: {
    // Plain last: it has the last word of the run.
    reporters: ['default', new PlainSummaryReporter({ mustRunAll })],
    execArgv: ['--conditions=windlass-source'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          // Real sockets and files on a busy machine; what is promised in seconds is in `timed`.
          testTimeout: 30_000,
          hookTimeout: 30_000,
          include: ['packages/*/src/**/*.test.ts', 'bench/src/**/*.test.ts'],
          exclude: ['**/*.process.test.ts', '**/*.timed.test.ts'],
        },
      },
      {
        extends: true,
        // They start npm, which takes its time on a busy machine.
        test: {
          name: 'scripts',
          include: ['scripts/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/src/**/*.test.ts', 'packages/*/src/**/*.process.test.ts'],
          exclude: ['**/*.timed.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        // Promises in seconds hold on a machine that does nothing else: one after the other, beside no others.
        test: {
          name: 'timed',
          include: ['packages/*/src/**/*.timed.test.ts', 'e2e/src/**/*.timed.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
