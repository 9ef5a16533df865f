import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const NOT_SOURCES = /^(node_modules|dist|\..*|.*\.tsbuildinfo)$/

/**
 * A digest over names and contents of files; folders stand for all sources below them.
 * @param {string} root
 * @param {readonly string[]} paths Files and folders below `root`.
 * @param {readonly string[]} [facts] What else decides, such as the platform.
 */
export function fingerprint(root, paths, facts = []) {
  const hash = createHash('sha256').update(JSON.stringify(facts))
  for (const path of paths.flatMap((start) => filesBelow(root, start))) {
    const content = createHash('sha256')
      .update(readFileSync(join(root, path)))
      .digest('hex')
    hash.update(JSON.stringify([path, content]))
  }
  return hash.digest('hex')
}

/**
 * @param {string} root
 * @param {string} path
 * @returns {string[]}
 */
function filesBelow(root, path) {
  const entries = childrenOf(join(root, path))
  if (entries === null) return [path]
  return entries
    .filter((entry) => !NOT_SOURCES.test(entry.name) && (entry.isFile() || entry.isDirectory()))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const child = `${path}/${entry.name}`
      return entry.isDirectory() ? filesBelow(root, child) : [child]
    })
}

/**
 * The entries of a folder, null for a file.
 * @param {string} path
 */
function childrenOf(path) {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOTDIR') return null
    throw error
  }
}
