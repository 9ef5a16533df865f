import * as nodeModule from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
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
    const { exitCode } = await runChild(node, [CONDITION, join(root, script), ...first, ...args], {
      env: { ...cache, ...env },
    })
    return exitCode
  }
}

/**
 * Becomes the program where this Node is the one it needs and was started with its option; a
 * second process would cost as much again as this one did. Else runs it as a child.
 * @param {string} script Below the checkout; sets the exit code itself.
 * @returns {Verb['run']}
 */
function inPlace(script) {
  const asChild = program(script, { cached: true })
  return async (checkout, args) => {
    const { root, runtime, runtimeFolder } = checkout
    if (runtime !== null || !process.execArgv.includes(CONDITION)) return asChild(checkout, args)
    const path = join(root, script)
    process.argv = [process.execPath, path, ...args]
    // The variable is for threads and children; this process reads it no more.
    process.env['NODE_COMPILE_CACHE'] ??= join(runtimeFolder, 'compile-cache')
    // A member, since the launcher itself runs on Node that has no such export.
    nodeModule.enableCompileCache(process.env['NODE_COMPILE_CACHE'])
    await import(pathToFileURL(path).href)
    return Number(process.exitCode ?? 0)
  }
}

const TOOLS = [runtimeStep, packagesStep]
const EVERYTHING = [...TOOLS, buildsStep]
/** Takes the workspaces' sources in place of what is built from them. */
const CONDITION = '--conditions=windlass-source'
const CLI = 'packages/cli/src/main.ts'

/** @type {Readonly<Record<string, Verb>>} */
export const VERBS = {
  serve: { steps: EVERYTHING, run: program(CLI, { first: ['serve'], cached: true }) },
  cli: { steps: EVERYTHING, run: inPlace(CLI) },
  test: { steps: EVERYTHING, run: program('node_modules/vitest/vitest.mjs', { first: ['run'] }) },
  bench: { steps: TOOLS, run: program('bench/src/main.ts') },
  check: { steps: TOOLS, run: runChecks },
  proofs: { steps: EVERYTHING, run: program('e2e/src/heavy/main.ts') },
  // Without the packages: they cannot be installed from a lock file that is not complete.
  'lock-file': { steps: [runtimeStep], run: program('scripts/complete-lock-file.ts') },
  docs: { steps: TOOLS, run: program('scripts/write-docs.ts') },
}
