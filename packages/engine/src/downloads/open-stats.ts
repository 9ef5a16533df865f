import type { DownloadRepository } from '../database/download-repository.ts'
import { freeSpace } from '../disk/free-space.ts'
import type { DiskStats, EngineStats } from '../engine.ts'
import type { Traffic } from '../net/traffic.ts'
import type { Admission } from './admission.ts'

export interface StatsDeps {
  readonly downloads: Pick<DownloadRepository, 'tally'>
  readonly admission: Pick<Admission, 'reservedOn'>
  readonly traffic: Traffic
  readonly folders: Readonly<Record<DiskStats['use'], string>>
}

/** Figures of the moment, for who watches over the engine. */
export function openStats(deps: StatsDeps): () => Promise<EngineStats> {
  return async () => ({
    downloads: await deps.downloads.tally(),
    traffic: deps.traffic.list(),
    disks: [...(await diskStats('cache', deps)), ...(await diskStats('home', deps))],
  })
}

/** Nothing for a folder that is not there: it is made with the first download. */
async function diskStats(use: DiskStats['use'], deps: StatsDeps): Promise<readonly DiskStats[]> {
  try {
    const { volume, availableBytes } = await freeSpace(deps.folders[use])
    const reservedBytes = deps.admission.reservedOn(volume)
    return [{ use, freeBytes: availableBytes, reservedBytes }]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
