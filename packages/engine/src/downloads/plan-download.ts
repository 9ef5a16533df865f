import type { DownloadPlan, DownloadRequest } from '@windlass/contract'
import type { SourceRegistry } from '../sources/registry.ts'
import type { CallOptions } from '../sources/source.ts'
import type { Store } from '../stores/store.ts'
import type { Admission } from './admission.ts'
import { parseRequest } from './create-download.ts'
import type { StoredResolution } from './download-record.ts'
import { groupUnits } from './group-units.ts'
import { resolveRef } from './resolve-ref.ts'

export interface PlanDeps {
  readonly sources: SourceRegistry
  readonly store: (placement: StoredResolution['placement']) => Store
  readonly admission: Admission
}

/** Resolves a request and weighs it against disk and store; starts and writes nothing. */
export async function planDownload(
  request: DownloadRequest,
  { sources, store: storeFor, admission }: PlanDeps,
  options: CallOptions,
): Promise<DownloadPlan> {
  const { ref, selection } = parseRequest(request, sources)
  const { resolution } = await resolveRef(sources, { ref, selection }, options)
  const { placement, files } = resolution
  const store = storeFor(placement)
  const units = groupUnits(files)
  const present = await store.survey(placement, units)
  const presentPaths = new Set(
    units.filter((unit) => present.has(unit.key)).flatMap((unit) => unit.paths),
  )
  const sum = (keys: (key: string) => boolean): number =>
    units.reduce((bytes, { key, file }) => bytes + (keys(key) ? (file.sizeBytes ?? 0) : 0), 0)
  const totalBytes = sum(() => true)
  const missingBytes = sum((key) => !present.has(key))
  const space = await admission.weigh({
    id: '',
    volume: await store.volume(placement),
    neededBytes: missingBytes,
    totalBytes,
  })
  return {
    ref: request.ref,
    source: ref.source,
    title: resolution.title,
    revision: resolution.revision,
    destination: store.destination(placement),
    files: files.map(({ path, sizeBytes }) => ({
      path,
      sizeBytes,
      present: presentPaths.has(path),
    })),
    totalBytes,
    missingBytes,
    freeBytes: space.freeBytes,
    reservedBytes: space.reservedBytes + space.marginBytes,
    fits: space.ok,
  }
}
