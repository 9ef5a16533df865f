import {
  type Download,
  type DownloadFile,
  type DownloadSummary,
  downloadIdOf,
  type WindlassEvent,
} from '@windlass/contract'
import { SpeedWindow } from './speed-window.ts'

export interface FileView {
  readonly path: string
  readonly sizeBytes: number | null
  readonly receivedBytes: number
  readonly state: DownloadFile['state']
  readonly speed: SpeedWindow
}

export interface DownloadView {
  readonly summary: DownloadSummary
  /** Files whose bytes move or are checked at this moment, in the order they began. */
  readonly activeFiles: readonly FileView[]
}

interface Entry {
  summary: DownloadSummary
  readonly sizes: Map<string, number | null>
  readonly active: Map<string, FileView>
}

const RUNNING = new Set<DownloadSummary['state']>(['downloading', 'verifying'])

/** What is known about the downloads that are followed, built from snapshots and events. */
export class ProgressModel {
  readonly #entries = new Map<string, Entry>()

  /** Takes in a whole download, or what a list says about one. */
  put(download: DownloadSummary | Download): void {
    const entry = this.#entryOf(download)
    entry.summary = download
    if (!('files' in download)) return
    for (const file of download.files) {
      entry.sizes.set(file.path, file.sizeBytes)
      this.#putFile(entry, file, null)
    }
  }

  /** Takes in one event. Events about downloads that were never put change nothing. */
  apply(event: WindlassEvent): void {
    const id = downloadIdOf(event)
    const entry = id === null ? undefined : this.#entries.get(id)
    if (id === null || entry === undefined) return
    if (event.type === 'download.state-changed') {
      entry.summary = event.data.download
      if (!RUNNING.has(event.data.to)) entry.active.clear()
    } else if (event.type === 'download.moved') {
      entry.summary = { ...event.data.download, progress: entry.summary.progress }
    } else if (event.type === 'download.progressed') {
      entry.summary = { ...entry.summary, progress: event.data.progress }
      for (const file of event.data.files) this.#putFile(entry, file, event.at)
    } else if (event.type === 'download.file-completed') {
      entry.active.delete(event.data.path)
    } else if (event.type === 'download.forgotten') {
      this.#entries.delete(id)
    }
  }

  find(id: string): DownloadSummary | undefined {
    return this.#entries.get(id)?.summary
  }

  /** All downloads, in the order they were first put. */
  views(): readonly DownloadView[] {
    return [...this.#entries.values()].map((entry) => ({
      summary: entry.summary,
      activeFiles: [...entry.active.values()],
    }))
  }

  #entryOf(summary: DownloadSummary): Entry {
    const known = this.#entries.get(summary.id)
    if (known !== undefined) return known
    const entry: Entry = { summary, sizes: new Map(), active: new Map() }
    this.#entries.set(summary.id, entry)
    return entry
  }

  #putFile(
    entry: Entry,
    file: Pick<DownloadFile, 'path' | 'receivedBytes' | 'state'>,
    at: number | null,
  ): void {
    if (file.state !== 'downloading' && file.state !== 'verifying') {
      entry.active.delete(file.path)
      return
    }
    const speed = entry.active.get(file.path)?.speed ?? new SpeedWindow()
    if (at !== null) speed.add(at, file.receivedBytes)
    const sizeBytes = entry.sizes.get(file.path) ?? null
    const { path, receivedBytes, state } = file
    entry.active.set(path, { path, receivedBytes, state, sizeBytes, speed })
  }
}
