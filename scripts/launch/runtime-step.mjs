import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { installNodeYourself } from './checkout.mjs'
import { runNpm } from './run-npm.mjs'

/**
 * @typedef {import('./checkout.mjs').Checkout} Checkout
 * @typedef {import('./checkout.mjs').RuntimePackage} RuntimePackage
 */

const UNFINISHED = 'unfinished-'

/**
 * A Node of our own where the installed one is too old: the platform's binary package from npm,
 * pinned by version and checksum, which is checked by npm. @type {import('./prepare.mjs').Step}
 */
export const runtimeStep = {
  isDone: (checkout) => existsSync(checkout.node),
  announce: (checkout) =>
    `Node ${process.versions.node} is too old for Windlass; fetching Node ${checkout.runtime?.version} for this checkout alone (about 60 MB) ...`,
  async run(checkout) {
    if (checkout.runtime === null) return
    for (const name of readdirSync(checkout.runtimeFolder)) {
      if (name.startsWith(UNFINISHED)) {
        rmSync(join(checkout.runtimeFolder, name), { recursive: true, force: true })
      }
    }
    const folder = mkdtempSync(join(checkout.runtimeFolder, UNFINISHED))
    try {
      await install(checkout, checkout.runtime, folder)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

/**
 * Installs into `folder`, tries it, and only then gives it its name: an installation that was
 * interrupted is never taken for a good one.
 * @param {Checkout} checkout
 * @param {RuntimePackage} runtime
 * @param {string} folder
 */
async function install(checkout, runtime, folder) {
  writeManifest(folder, runtime)
  await runNpm(['ci', '--json', '--ignore-scripts'], {
    task: `fetch Node ${runtime.version}`,
    cwd: folder,
    // Not the environment of the checkout, whose `node` is what we are about to install.
    env: process.env,
  })
  const unpacked = join(folder, 'node_modules', runtime.name)
  const binary = join(unpacked, runtime.binary)
  if (versionOf(binary) !== `v${runtime.version}`) installNodeYourself(checkout.floor)
  // Headers for compiling add-ons, a third of the size; we have none.
  rmSync(join(unpacked, 'include'), { recursive: true, force: true })
  flush(binary)
  const place = join(checkout.runtimeFolder, `${runtime.name}-${runtime.version}`)
  rmSync(place, { recursive: true, force: true })
  renameSync(unpacked, place)
}

/**
 * A lock file of one package is how npm is told the checksum.
 * @param {string} folder
 * @param {RuntimePackage} runtime
 */
function writeManifest(folder, { name, version, integrity }) {
  const root = { name: 'windlass-runtime', private: true, dependencies: { [name]: version } }
  const lock = {
    name: root.name,
    lockfileVersion: 3,
    requires: true,
    packages: { '': root, [`node_modules/${name}`]: { version, integrity } },
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(root))
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock))
}

/**
 * @param {string} binary
 * @returns {string | null} null when it does not run here
 */
function versionOf(binary) {
  try {
    return execFileSync(binary, ['--version'], { encoding: 'utf8', stdio: 'pipe', env: {} }).trim()
  } catch {
    // Another C library, a read-only mount, a virus scanner: the answer is the same for all.
    return null
  }
}

/** @param {string} path */
function flush(path) {
  const file = openSync(path, 'r+')
  fsyncSync(file)
  closeSync(file)
}
