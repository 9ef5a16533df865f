import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'

/** The SHA-256 of a file's content, in hex; symbolic links are followed. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

/** Every file and link below a folder: `path` to the content's SHA-256 or `-> target`. */
export async function listTree(folder: string): Promise<Map<string, string>> {
  const found: [string, string][] = []
  const visit = async (inside: string): Promise<void> => {
    for (const entry of await readdir(join(folder, inside), { withFileTypes: true })) {
      const path = inside === '' ? entry.name : `${inside}/${entry.name}`
      const full = join(folder, path)
      if (entry.isDirectory()) await visit(path)
      else if (entry.isSymbolicLink()) found.push([path, `-> ${await readlink(full)}`])
      else found.push([path, await sha256File(full)])
    }
  }
  await visit('')
  return new Map(found.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}

/** One hash over the names, contents and links below a folder; equal trees have equal hashes. */
export async function treeHash(folder: string): Promise<string> {
  const tree = await listTree(folder)
  return createHash('sha256')
    .update(JSON.stringify([...tree]))
    .digest('hex')
}
