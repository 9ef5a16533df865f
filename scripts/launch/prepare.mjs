import { accessSync, constants } from 'node:fs'
import { SetupFailure } from './setup-failure.mjs'
import { withSetupLock } from './setup-lock.mjs'

/**
 * @typedef {import('./checkout.mjs').Checkout} Checkout
 * @typedef {object} Step
 * @property {(checkout: Checkout) => boolean} isDone Quick: it is asked at every start.
 * @property {(checkout: Checkout) => string} announce One line about what is going to happen and why.
 * @property {(checkout: Checkout) => Promise<void>} run Safe to interrupt, and to run again.
 */

/**
 * Runs the steps that are not done yet, one process at a time. Silent and without a lock when
 * there is nothing to do.
 * @param {Checkout} checkout
 * @param {readonly Step[]} steps
 */
export async function prepare(checkout, steps) {
  if (steps.every((step) => step.isDone(checkout))) return
  requireWritable(checkout.root)
  await withSetupLock(checkout.runtimeFolder, say, async () => {
    for (const step of steps) {
      // Asked again: another process may have done it while we waited for the lock.
      if (step.isDone(checkout)) continue
      say(step.announce(checkout))
      await step.run(checkout)
    }
  })
}

/** @param {string} root */
function requireWritable(root) {
  try {
    accessSync(root, constants.W_OK)
  } catch {
    throw new SetupFailure(
      'There is something to set up, and this user may not write to the checkout.',
      {
        advice: ['Give this user the checkout, or start it once as its owner.'],
      },
    )
  }
}

/** On stderr, because stdout belongs to the program that we start. @param {string} text */
function say(text) {
  process.stderr.write(`windlass: ${text}\n`)
}
