import { readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { isAtLeast } from './node-version.mjs'
import { SetupFailure } from './setup-failure.mjs'

/**
 * @typedef {object} RuntimePackage
 * @property {string} name
 * @property {string} version
 * @property {string} integrity As npm writes it into a lock file.
 * @property {string} binary Path of the program inside the package.
 */

/**
 * @typedef {object} Checkout
 * @property {string} root
 * @property {string} floor Lowest Node that Windlass runs on, from `engines` of package.json.
 * @property {string} runtimeFolder Where private runtimes live.
 * @property {RuntimePackage | null} runtime The private runtime to use; null when the installed Node will do.
 * @property {string} node The Node that runs Windlass; missing before the first set-up when it is a private one.
 * @property {NodeJS.ProcessEnv} env Environment of what we start; finds that Node as `node`.
 */

/**
 * Tells where things are in a checkout. Reads two small files, changes nothing.
 * @param {string} root
 * @returns {Checkout}
 * @throws {SetupFailure} when the installed Node is too old and npm has none for this platform
 */
export function describeCheckout(root) {
  const floor = readJson(join(root, 'package.json')).engines.node.replace('>=', '')
  const runtimeFolder = join(root, '.runtime')
  const runtime = isAtLeast(process.version, floor) ? null : runtimePackage(root, floor)
  if (runtime === null) {
    return { root, floor, runtimeFolder, runtime, node: process.execPath, env: process.env }
  }
  const node = join(runtimeFolder, `${runtime.name}-${runtime.version}`, runtime.binary)
  return { root, floor, runtimeFolder, runtime, node, env: withFirstOnPath(dirname(node)) }
}

/**
 * @param {string} root
 * @param {string} floor
 * @returns {RuntimePackage}
 */
function runtimePackage(root, floor) {
  const table = readJson(join(root, 'scripts/launch/runtime-packages.json'))
  return table[`${process.platform}-${process.arch}`] ?? installNodeYourself(floor)
}

/**
 * @param {string} floor
 * @returns {never}
 */
export function installNodeYourself(floor) {
  throw new SetupFailure(
    `Node ${process.versions.node} is too old, and npm has no newer one that runs on this machine (${process.platform} ${process.arch}).`,
    { advice: [`Install Node ${floor} or newer yourself, then run the same command again.`] },
  )
}

/** @param {string} folder */
function withFirstOnPath(folder) {
  // Windows spells it `Path`.
  const key = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH'
  return { ...process.env, [key]: [folder, process.env[key]].filter(Boolean).join(delimiter) }
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}
