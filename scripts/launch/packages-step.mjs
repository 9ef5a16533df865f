import { join } from 'node:path'
import { fingerprint } from './fingerprint.mjs'
import { runNpm } from './run-npm.mjs'
import { isStamped, stampAfter } from './stamp.mjs'

/** @typedef {import('./checkout.mjs').Checkout} Checkout */

/** The packages of package-lock.json, exactly those. @type {import('./prepare.mjs').Step} */
export const packagesStep = {
  isDone: (checkout) => isStamped(stampPath(checkout), wanted(checkout)),
  announce: () => 'Installing the packages of package-lock.json (about a minute) ...',
  run: (checkout) =>
    stampAfter(stampPath(checkout), wanted(checkout), () =>
      // No package needs its install script, so none gets to run one.
      runNpm(['ci', '--json', '--ignore-scripts'], {
        task: 'install the packages',
        cwd: checkout.root,
        env: checkout.env,
      }),
    ),
}

/** @param {Checkout} checkout */
const stampPath = (checkout) => join(checkout.root, 'node_modules', '.windlass-installed')

/** @param {Checkout} checkout */
const wanted = (checkout) =>
  // Some packages are programs: a checkout that was copied from another platform needs others.
  fingerprint(checkout.root, ['package-lock.json'], [process.platform, process.arch])
