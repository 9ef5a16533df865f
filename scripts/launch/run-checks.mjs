import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runChild } from './run-child.mjs'

/**
 * Runs every script of package.json called `check:...`, all of them even when one fails.
 * @param {import('./checkout.mjs').Checkout} checkout
 * @returns {Promise<number>} 0 when all passed
 */
export async function runChecks(checkout) {
  const { scripts } = JSON.parse(readFileSync(join(checkout.root, 'package.json'), 'utf8'))
  const failed = []
  for (const name of Object.keys(scripts).filter((script) => script.startsWith('check:'))) {
    process.stdout.write(`\n${name}: ${scripts[name]}\n`)
    const { exitCode, interruptedBy } = await runChild('npm', ['run', '--silent', name], {
      cwd: checkout.root,
      env: checkout.env,
      shell: process.platform === 'win32',
    })
    if (interruptedBy !== null) return exitCode
    if (exitCode !== 0) failed.push(name)
  }
  process.stdout.write(
    failed.length === 0 ? '\nall checks passed\n' : `\nfailed: ${failed.join(', ')}\n`,
  )
  return failed.length === 0 ? 0 : 1
}
