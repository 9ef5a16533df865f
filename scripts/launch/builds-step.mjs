import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fingerprint } from './fingerprint.mjs'
import { runNpm } from './run-npm.mjs'
import { isStamped, stampAfter } from './stamp.mjs'

/**
 * @typedef {import('./checkout.mjs').Checkout} Checkout
 * @typedef {{ title: string, workspace: string }} Build
 */

/** Workspaces that do not run from their sources: `npm run build` writes their `dist`. @type {readonly Build[]} */
const BUILDS = [{ title: 'web interface', workspace: 'packages/web' }]

/** Builds whose sources changed since the last one. @type {import('./prepare.mjs').Step} */
export const buildsStep = {
  isDone: (checkout) => outdated(checkout).length === 0,
  announce: (checkout) =>
    `Building the ${outdated(checkout)
      .map(({ title }) => title)
      .join(' and the ')} ...`,
  async run(checkout) {
    for (const build of outdated(checkout)) {
      await stampAfter(stampPath(checkout, build), sourcesOf(checkout, build), async () => {
        await runNpm(['run', 'build', '--workspace', build.workspace], {
          task: `build the ${build.title}`,
          cwd: checkout.root,
          env: checkout.env,
        })
        mkdirSync(join(checkout.root, build.workspace, 'dist'), { recursive: true })
      })
    }
  },
}

/** @param {Checkout} checkout */
function outdated(checkout) {
  return BUILDS.filter(
    (build) =>
      existsSync(join(checkout.root, build.workspace, 'package.json')) &&
      !isStamped(stampPath(checkout, build), sourcesOf(checkout, build)),
  )
}

/**
 * @param {Checkout} checkout
 * @param {Build} build
 */
function stampPath(checkout, build) {
  return join(checkout.root, build.workspace, 'dist', '.windlass-built')
}

/**
 * @param {Checkout} checkout
 * @param {Build} build
 */
function sourcesOf(checkout, build) {
  const folders = withDependencies(checkout, build.workspace)
  return fingerprint(checkout.root, [...folders, 'package-lock.json'])
}

/**
 * A workspace and every other workspace that it is made of.
 * @param {Checkout} checkout
 * @param {string} workspace
 */
function withDependencies(checkout, workspace) {
  const folders = new Map(
    readdirSync(join(checkout.root, 'packages'))
      .map((name) => `packages/${name}`)
      .filter((folder) => existsSync(join(checkout.root, folder, 'package.json')))
      .map((folder) => [manifest(checkout, folder).name, folder]),
  )
  const found = new Set([workspace])
  for (const folder of found) {
    const { dependencies, devDependencies } = manifest(checkout, folder)
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
      const dependency = folders.get(name)
      if (dependency !== undefined) found.add(dependency)
    }
  }
  return found
}

/**
 * @param {Checkout} checkout
 * @param {string} folder
 * @returns {{ name: string, dependencies?: object, devDependencies?: object }}
 */
function manifest(checkout, folder) {
  return JSON.parse(readFileSync(join(checkout.root, folder, 'package.json'), 'utf8'))
}
