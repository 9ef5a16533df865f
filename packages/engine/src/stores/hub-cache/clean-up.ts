import { lstat, readlink, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { CancelReceipt } from '@windlass/contract'
import { orNullIfAbsent } from '../../disk/system-error.ts'
import { type HubCacheLayout, linkTarget } from './layout.ts'
import { entryKey, type ManifestContent, type ManifestEntry } from './manifest.ts'
import { OtherDownloads } from './other-downloads.ts'
import { removeEmptyFolders } from './remove-empty-folders.ts'
import { blobsInUse, someoneElseWorkedHere } from './snapshot-interest.ts'
import { Staging } from './staging.ts'

/**
 * Removes what a download brought into the cache and nobody else uses. In an order
 * in which a kill at any point leaves a cache without broken links, and a manifest
 * as long as there is something left to do: links, blobs, listing, parts, manifest.
 *
 * @param commit whose empty folders go too; null when only the manifest knows
 */
export async function cleanUpDownload(
  layout: HubCacheLayout,
  downloadId: string,
  commit: string | null,
): Promise<CancelReceipt> {
  const staging = new Staging(layout, downloadId)
  const work = new CleanUp(layout, staging, await staging.manifest.read())
  await work.run()
  const own = commit === null ? [] : [commit]
  await removeEmptyFolders(layout, new Set([...own, ...work.commits]))
  return work.receipt
}

class CleanUp {
  /** Counts files of bytes; links, journals and listings are not what a person downloaded. */
  readonly receipt = { files: 0, bytes: 0 }
  readonly commits = new Set<string>()
  readonly #layout: HubCacheLayout
  readonly #staging: Staging
  readonly #content: ManifestContent
  readonly #others: OtherDownloads

  constructor(layout: HubCacheLayout, staging: Staging, content: ManifestContent) {
    this.#layout = layout
    this.#staging = staging
    this.#content = content
    this.#others = new OtherDownloads(layout, staging)
  }

  async run(): Promise<void> {
    const made = [...this.#content.made.values()]
    for (const entry of made) if ('commit' in entry) this.commits.add(entry.commit)
    const kept = await this.#sharedCommits()
    for (const entry of made) {
      if (entry.kind === 'blob' || kept.has(entry.commit)) continue
      if (!(await this.#others.takeOver(entry))) await this.#removeFromSnapshot(entry)
    }
    const inUse = await blobsInUse(this.#layout)
    for (const entry of made) {
      if (entry.kind !== 'blob') continue
      if ((await this.#others.takeOver(entry)) || inUse.has(entry.name)) continue
      await this.#removeFile(this.#layout.blob(entry.name))
    }
    for (const part of await this.#staging.parts()) {
      await rm(part.path, { force: true })
      this.#count(part.bytes)
    }
    await this.#staging.remove()
  }

  async #sharedCommits(): Promise<ReadonlySet<string>> {
    const begunMs = (await this.#staging.begun())?.atMs ?? 0
    const kept = new Set<string>()
    for (const commit of this.commits) {
      const isOurs = async (entry: ManifestEntry): Promise<boolean> =>
        this.#content.made.has(entryKey(entry)) || (await this.#others.mention(entry))
      if (await someoneElseWorkedHere(this.#layout, commit, { begunMs, isOurs })) kept.add(commit)
    }
    return kept
  }

  async #removeFromSnapshot(entry: Exclude<ManifestEntry, { kind: 'blob' }>): Promise<void> {
    const { commit } = entry
    if (entry.kind === 'tree') {
      await rm(this.#layout.tree(commit), { force: true })
      return
    }
    const path = this.#layout.file(commit, entry.path)
    if (!(await this.#isBelowRealFolders(commit, path))) return
    if (entry.kind === 'file') await this.#removeFile(path, entry.sizeBytes)
    else if (await isLinkTo(path, linkTarget(entry.path, entry.blob)))
      await rm(path, { force: true })
  }

  /** Removes a regular file, of that size if one is given, or a link without what it points to. */
  async #removeFile(path: string, sizeBytes?: number): Promise<void> {
    const entry = await orNullIfAbsent(lstat(path))
    if (entry === null || entry.isDirectory()) return
    if (sizeBytes !== undefined && (!entry.isFile() || entry.size !== sizeBytes)) return
    await rm(path, { force: true })
    if (entry.isFile()) this.#count(entry.size)
  }

  /** False when a folder on the way was swapped for a link: what lies behind it is not ours. */
  async #isBelowRealFolders(commit: string, path: string): Promise<boolean> {
    const top = this.#layout.snapshot(commit)
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      if ((await orNullIfAbsent(lstat(folder)))?.isDirectory() !== true) return false
      if (folder === top) return true
    }
  }

  #count(bytes: number): void {
    this.receipt.files += 1
    this.receipt.bytes += bytes
  }
}

async function isLinkTo(path: string, target: string): Promise<boolean> {
  const entry = await orNullIfAbsent(lstat(path))
  return entry?.isSymbolicLink() === true && (await readlink(path)) === target
}
