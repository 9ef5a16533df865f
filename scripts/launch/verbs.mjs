import { join } from 'node:path'
import { buildsStep } from './builds-step.mjs'
import { packagesStep } from './packages-step.mjs'
import { runChecks } from './run-checks.mjs'
import { runChild } from './run-child.mjs'
import { runtimeStep } from './runtime-step.mjs'

/**
 * @typedef {import('./checkout.mjs').Checkout} Checkout
 * @typedef {object} Verb
 * @property {readonly import('./prepare.mjs').Step[]} steps What must be in place first, in this order.
 * @property {(checkout: Checkout, args: readonly string[]) => Promise<number>} run Returns the exit code.
 */

/**
 * Runs a program of the checkout from its sources, on the right Node.
 * @param {string} script Below the checkout.
 * @param {{ first?: readonly string[], cached?: boolean }} [options]
 *   `first`: arguments before the caller's; `cached`: keep what Node compiles, for a quicker start.
 * @returns {Verb['run']}
 */
function program(script, { first = [], cached = false } = {}) {
  return async ({ root, node, env, runtimeFolder }, args) => {
    const cache = cached ? { NODE_COMPILE_CACHE: join(runtimeFolder, 'compile-cache') } : {}
    const { exitCode } = await runChild(
      node,
      ['--conditions=windlass-source', join(root, script), ...first, ...args],
      { env: { ...cache, ...env } },
    )
    return exitCode
  }
}

const TOOLS = [runtimeStep, packagesStep]
const EVERYTHING = [...TOOLS, buildsStep]
const CLI = 'packages/cli/src/main.ts'

/** @type {Readonly<Record<string, Verb>>} */
export const VERBS = {
  serve: { steps: EVERYTHING, run: program(CLI, { first: ['serve'], cached: true }) },
  cli: { steps: EVERYTHING, run: program(CLI, { cached: true }) },
  test: { steps: EVERYTHING, run: program('node_modules/vitest/vitest.mjs', { first: ['run'] }) },
  bench: { steps: TOOLS, run: program('bench/src/main.ts') },
  check: { steps: TOOLS, run: runChecks },
  proofs: { steps: EVERYTHING, run: program('e2e/src/heavy/main.ts') },
  // Without the packages: they cannot be installed from a lock file that is not complete.
  'lock-file': { steps: [runtimeStep], run: program('scripts/complete-lock-file.ts') },
  docs: { steps: TOOLS, run: program('scripts/write-docs.ts') },
}
