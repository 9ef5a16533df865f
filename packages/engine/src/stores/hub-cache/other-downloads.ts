import { readdir, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { isSystemError, orNullIfAbsent } from '../../disk/system-error.ts'
import { type HubCacheLayout, isDownloadId } from './layout.ts'
import { entryKey, type ManifestContent, type ManifestEntry } from './manifest.ts'
import { Staging } from './staging.ts'

const DENIED = ['EACCES', 'EPERM']

interface KnownManifest {
  readonly version: string
  readonly content: ManifestContent
}

/** The unfinished downloads of a repository beside one's own, of this program or another. */
export class OtherDownloads {
  readonly #layout: HubCacheLayout
  readonly #own: Staging
  readonly #known = new Map<string, KnownManifest>()

  constructor(layout: HubCacheLayout, own: Staging) {
    this.#layout = layout
    this.#own = own
  }

  async mention(entry: ManifestEntry): Promise<boolean> {
    return (await this.#mentioning(entry)).length > 0
  }

  /**
   * Hands a thing to the downloads that count on it, which then clean it up in
   * their turn. Returns false when there is none.
   */
  async takeOver(entry: ManifestEntry): Promise<boolean> {
    const heirs = await this.#mentioning(entry)
    for (const heir of heirs) {
      try {
        await heir.manifest.append('made', [entry])
      } catch (error) {
        // It is finished or removed at this moment, or another user's: then the thing just stays.
        if (!isSystemError(error, 'ENOENT', ...DENIED)) throw error
      }
    }
    return heirs.length > 0
  }

  async #mentioning(entry: ManifestEntry): Promise<readonly Staging[]> {
    const names = (await orNullIfAbsent(readdir(this.#layout.windlass))) ?? []
    const mentioning: Staging[] = []
    for (const name of names) {
      if (name === basename(this.#own.folder) || !isDownloadId(name)) continue
      const other = new Staging(this.#layout, name)
      if (await this.#mentions(other, entry)) mentioning.push(other)
    }
    return mentioning
  }

  async #mentions(other: Staging, entry: ManifestEntry): Promise<boolean> {
    try {
      return (await this.#read(other)).mentioned.has(entryKey(entry))
    } catch (error) {
      // What another user's download counts on cannot be told, so it counts on everything.
      if (isSystemError(error, ...DENIED)) return true
      throw error
    }
  }

  async #read(other: Staging): Promise<ManifestContent> {
    const { path } = other.manifest
    const entry = await orNullIfAbsent(stat(path))
    const version = entry === null ? 'absent' : `${entry.ino} ${entry.size} ${entry.mtimeMs}`
    const known = this.#known.get(path)
    if (known?.version === version) return known.content
    const content = await other.manifest.read()
    this.#known.set(path, { version, content })
    return content
  }
}
