import type { Client } from '@windlass/client'
import type { DownloadState, DownloadSummary } from '@windlass/contract'
import type { FakeHub, HubFileSpec } from '@windlass/testkit'
import type { Findings } from './findings.ts'
import { wrongFiles } from './wrong-files.ts'

/** A download that was accepted: the promise is that nothing makes it vanish. */
export interface Tracked {
  readonly ref: string
  readonly files: readonly HubFileSpec[]
  readonly isPaused: boolean
  /** Where the snapshot is, once it was said to be complete. */
  path: string | null
}

const GIVEN_UP: readonly DownloadState[] = ['failed', 'blocked', 'cancelled']

/** Remembers what the program promised, and holds what it finds against that. */
export class TrackedDownloads {
  readonly #hub: FakeHub
  readonly #findings: Findings
  readonly #all = new Map<string, Tracked>()

  constructor(hub: FakeHub, findings: Findings) {
    this.#hub = hub
    this.#findings = findings
  }

  get all(): readonly Tracked[] {
    return [...this.#all.values()]
  }

  get completed(): readonly Tracked[] {
    return this.all.filter(({ path }) => path !== null)
  }

  /** Those that have work left, in the order in which they came. */
  get open(): readonly Tracked[] {
    return this.all.filter(({ path, isPaused }) => path === null && !isPaused)
  }

  /** Puts a repository on the Hub and asks for it; from the answer on it must not be lost. */
  async accept(
    client: Client,
    { ref, files, paused = false }: Pick<Tracked, 'ref' | 'files'> & { readonly paused?: boolean },
  ): Promise<void> {
    await this.#hub.addRepo({ id: ref, files })
    await client.start({ ref, paused })
    this.#all.set(ref, { ref, files, isPaused: paused, path: null })
  }

  /** Notes that the program said of a download that it is complete. */
  complete(ref: string, files: readonly HubFileSpec[], path: string): void {
    this.#all.set(ref, { ref, files, isPaused: false, path })
  }

  /** Stops caring for a download. */
  drop(ref: string): void {
    this.#all.delete(ref)
  }

  /** Holds the program's list against what was promised, and the files of what is new in it. */
  async look(client: Client): Promise<readonly DownloadSummary[]> {
    const list: DownloadSummary[] = []
    for await (const download of client.listAll()) list.push(download)
    for (const tracked of this.all) await this.#holdAgainst(tracked, list)
    const unknown = list.filter(({ ref }) => !this.#all.has(ref)).map(({ ref }) => ref)
    this.#findings.require(unknown.length === 0, `nobody asked for ${unknown.join(', ')}`)
    return list
  }

  /** Looks at the files of everything that was ever said to be complete. */
  async checkFiles(): Promise<void> {
    for (const { ref, files, path } of this.completed) {
      const wrong = await wrongFiles(path ?? '', files)
      this.#findings.require(wrong.length === 0, `${ref} is intact: ${wrong.join(', ')}`)
    }
  }

  async #holdAgainst(tracked: Tracked, list: readonly DownloadSummary[]): Promise<void> {
    const { ref, files, isPaused } = tracked
    const found = list.filter((download) => download.ref === ref)
    this.#findings.require(found.length === 1, `${ref} is in the list once, not ${found.length}x`)
    const [download] = found
    if (download === undefined) {
      // Said once; waiting for it would be in vain.
      this.#all.delete(ref)
      return
    }
    const { state, reason, result } = download
    const gaveUp = GIVEN_UP.includes(state)
    this.#findings.require(!gaveUp, `${ref} does not give up: ${state} ${reason?.code}`)
    this.#findings.require(!isPaused || state === 'paused', `${ref} stays paused: ${state}`)
    if (tracked.path !== null) {
      this.#findings.require(state === 'completed', `${ref} stays completed: ${state}`)
    } else if (state === 'completed') {
      tracked.path = result?.path ?? ''
      const wrong = await wrongFiles(tracked.path, files)
      this.#findings.require(wrong.length === 0, `${ref} is right: ${wrong.join(', ')}`)
    }
  }
}
