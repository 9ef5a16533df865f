import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Client } from '@windlass/client'
import type { DownloadSummary } from '@windlass/contract'
import type { HubFileSpec } from '@windlass/testkit'
import type { SeededRandom } from '../support/seeded-random.ts'
import type { World } from '../support/world.ts'
import type { Findings } from './findings.ts'
import { cdnBytesOf, someFiles } from './some-files.ts'
import { wrongFiles } from './wrong-files.ts'

const AT_A_TIME = 6
const MIB = 1024 * 1024
const FILES = { most: 5, leastBytes: 0.05 * MIB, mostBytes: 2.5 * MIB }

/** Feeds a server with downloads, and checks and clears away those that are complete. */
export class SoakDownloads {
  readonly #world: World
  readonly #random: SeededRandom
  readonly #findings: Findings
  readonly #files = new Map<string, readonly HubFileSpec[]>()
  readonly #cleared = new Set<string>()
  #made = 0
  completed = 0
  completedBytes = 0
  /** Downloads that gave up and were started again, as a person would; by the code they gave. */
  readonly retried = new Map<string, number>()

  constructor(world: World, random: SeededRandom, findings: Findings) {
    this.#world = world
    this.#random = random
    this.#findings = findings
  }

  /** Downloads that were accepted and are not yet known to be complete. */
  get open(): number {
    return this.#files.size
  }

  /** Fills the queue up. */
  async feed(client: Client): Promise<void> {
    while (this.open < AT_A_TIME) {
      const ref = `org/soak-${this.#made++}`
      const files = someFiles(ref, this.#random, FILES)
      await this.#world.hub.addRepo({ id: ref, files })
      const { created } = await client.start({ ref })
      this.#findings.require(created, `${ref} is a new download`)
      this.#files.set(ref, files)
    }
  }

  /** Looks at every download and does what its state asks for. */
  async tend(client: Client): Promise<void> {
    const seen = new Set<string>()
    for await (const download of client.listAll()) {
      this.#findings.require(!seen.has(download.ref), `${download.ref} is in the list once`)
      seen.add(download.ref)
      await this.#tendOne(client, download)
    }
    for (const ref of this.#files.keys()) {
      this.#findings.require(seen.has(ref), `${ref}, which was accepted, is in the list`)
    }
    this.#findings.require(
      [...seen].every((ref) => this.#files.has(ref) || this.#cleared.has(ref)),
      'nothing is in the list but what was asked for',
    )
  }

  async #tendOne(
    client: Client,
    { id, ref, state, reason, result }: DownloadSummary,
  ): Promise<void> {
    if (state === 'completed') {
      await this.#check(ref, result?.path ?? '')
      await client.forget(id)
      this.#cleared.add(ref)
      this.#files.delete(ref)
    } else if (state === 'failed' || state === 'blocked') {
      const code = reason?.code ?? 'none'
      this.retried.set(code, (this.retried.get(code) ?? 0) + 1)
      await client.retry(id)
    }
  }

  async #check(ref: string, path: string): Promise<void> {
    const files = this.#files.get(ref) ?? []
    const wrong = await wrongFiles(path, files)
    this.#findings.require(wrong.length === 0, `${ref} is right: ${wrong.join(', ')}`)
    this.completed += 1
    this.completedBytes += cdnBytesOf(files)
    // Its repository folder, or hours of them would fill the disk.
    await rm(dirname(dirname(path)), { recursive: true })
  }
}
