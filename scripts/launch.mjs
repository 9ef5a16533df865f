#!/usr/bin/env node
// Starts Windlass from a checkout, on any Node >= 18, and sets up first what is missing.
// Plain JavaScript without dependencies: it runs before either TypeScript or a package is there.
import { fileURLToPath } from 'node:url'
import { describeCheckout } from './launch/checkout.mjs'
import { prepare } from './launch/prepare.mjs'
import { SetupFailure } from './launch/setup-failure.mjs'
import { VERBS } from './launch/verbs.mjs'

const [name = '', ...args] = process.argv.slice(2)
const verb = VERBS[name]

if (verb === undefined) {
  process.stderr.write(
    `usage: node scripts/launch.mjs ${Object.keys(VERBS).join('|')} [ARGUMENT]...\n`,
  )
  process.exitCode = 2
} else {
  try {
    const checkout = describeCheckout(fileURLToPath(new URL('..', import.meta.url)))
    await prepare(checkout, verb.steps)
    process.exitCode = await verb.run(checkout, args)
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error
    process.stderr.write(error.report())
    process.exitCode = error.exitCode
  }
}
