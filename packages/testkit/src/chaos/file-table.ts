import { type Reply, type SeenRequest, textReply } from '../faults/reply.ts'
import { type ChaosFileSettings, versionAt } from './chaos-file.ts'
import { serveFile } from './serve-file.ts'

/** A virtual file: 500 GB cost nothing. Two names of the same seed and size are two files. */
export interface ChaosFile {
  readonly seed: string
  readonly sizeBytes: number
  readonly name?: string
}

/** The files of an origin: how each is served, and how often it was asked for. */
export interface FileTable {
  /** Its count of requests starts again. */
  serve(file: ChaosFile, settings: ChaosFileSettings): void
  clear(): void
  route(request: SeenRequest): Reply
}

interface ServedFile {
  readonly settings: ChaosFileSettings
  requests: number
}

export function createFileTable(): FileTable {
  const served = new Map<string, ServedFile>()
  return {
    serve(file, settings) {
      served.set(pathOfFile(file), { settings, requests: 0 })
    },
    clear: () => served.clear(),
    route(request) {
      const file = fileOfPath(request)
      if (file === undefined) return textReply(404, 'Files are below /f/<seed>/<size>')
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return textReply(405, 'GET or HEAD')
      const entry = served.get(pathOfFile(file)) ?? { settings: {}, requests: 0 }
      served.set(pathOfFile(file), entry)
      entry.requests++
      return serveFile(request, versionAt(file, entry.settings, entry.requests), entry.settings)
    },
  }
}

/** `/f/<seed>/<size>`, and the name it is told by. */
export function pathOfFile({ seed, sizeBytes, name }: ChaosFile): string {
  const tail = name === undefined ? '' : `/${name.split('/').map(encodeURIComponent).join('/')}`
  return `/f/${encodeURIComponent(seed)}/${sizeBytes}${tail}`
}

/** The file that a path is about, `undefined` when it is none: `/f/...` or its lasting address `/l/...`. */
export function fileOfPath({ segments }: Pick<SeenRequest, 'segments'>): ChaosFile | undefined {
  const [folder, seed, size, ...name] = segments
  if ((folder !== 'f' && folder !== 'l') || seed === undefined || seed === '') return undefined
  if (size === undefined || !/^\d{1,15}$/.test(size)) return undefined
  const file = { seed, sizeBytes: Number(size) }
  return name.length === 0 ? file : { ...file, name: name.join('/') }
}
