import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Placement } from '../stores/placement.ts'
import type { StagedFile, Store, StoreSession, TransferUnit } from '../stores/store.ts'

/**
 * Files in a plain folder, one for each placement. For what the Hub's cache cannot hold: a
 * file without a digest has no name there.
 */
export function createFolderStore(root: string): Store {
  const folderOf = ({ commit }: Placement): string => join(root, commit)
  const stagingOf = (placement: Placement, id: string): string =>
    join(folderOf(placement), '.windlass', id)
  const presentIn = async (placement: Placement, units: readonly TransferUnit[]) => {
    const found = await Promise.all(
      units.map(async (unit) => ((await isThere(folderOf(placement), unit)) ? [unit.key] : [])),
    )
    return new Set(found.flat())
  }
  return {
    id: 'hub-cache',
    destination: folderOf,
    async volume() {
      await mkdir(root, { recursive: true })
      return root
    },
    survey: presentIn,
    async isComplete(placement, units) {
      return (await presentIn(placement, units)).size === units.length
    },
    async open(placement, downloadId) {
      const staging = stagingOf(placement, downloadId)
      await mkdir(staging, { recursive: true })
      return openSession(folderOf(placement), staging)
    },
    async stagedBytes(placement, downloadId) {
      return (await partsIn(stagingOf(placement, downloadId))).reduce((sum, size) => sum + size, 0)
    },
    async cleanUp(placement, downloadId) {
      const sizes = await partsIn(stagingOf(placement, downloadId))
      await rm(stagingOf(placement, downloadId), { recursive: true, force: true })
      return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) }
    },
    sweep: async () => ({ files: 0, bytes: 0 }),
  }
}

function openSession(folder: string, staging: string): StoreSession {
  return {
    async claim(unit) {
      if (await isThere(folder, unit)) return { kind: 'present' }
      return { kind: 'staged', staged: stagedFile(staging, unit), release() {} }
    },
    async adopt() {},
    async publish(unit, { partPath, journalPath }) {
      const target = join(folder, unit.file.path)
      await mkdir(dirname(target), { recursive: true })
      await rename(partPath, target)
      await rm(journalPath, { force: true })
    },
    async finish() {
      await rm(dirname(staging), { recursive: true, force: true })
      return folder
    },
  }
}

function stagedFile(staging: string, { file }: TransferUnit): StagedFile {
  const name = join(staging, encodeURIComponent(file.path))
  return { partPath: `${name}.part`, journalPath: `${name}.journal` }
}

async function isThere(folder: string, { file }: TransferUnit): Promise<boolean> {
  const entry = await stat(join(folder, file.path)).catch(() => null) // absent is the usual case
  return entry?.isFile() === true && (file.sizeBytes === null || entry.size === file.sizeBytes)
}

async function partsIn(staging: string): Promise<number[]> {
  const names = await readdir(staging).catch(() => []) // nothing was begun
  const parts = names.filter((name) => name.endsWith('.part'))
  return await Promise.all(
    parts.map(async (name) => {
      const { blocks, size } = await stat(join(staging, name))
      return Math.min(blocks * 512, size)
    }),
  )
}
