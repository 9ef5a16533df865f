import type { DownloadRepository } from '../database/download-repository.ts'
import type { Downloads, EventLog } from '../engine.ts'
import type { Logger } from '../ports.ts'
import type { Clock } from '../runtime/clock.ts'
import type { HubEnvironment } from '../sources/huggingface/hub-environment.ts'
import type { Source } from '../sources/source.ts'
import type { Hashing } from '../verification/hasher.ts'

/** What the model side of the engine is made of. */
export interface ModelsDeps {
  readonly environment: Pick<HubEnvironment, 'cacheDir' | 'endpoint' | 'offline'>
  readonly hub: Pick<Source, 'resolve'>
  readonly downloads: Downloads
  readonly records: DownloadRepository
  readonly events: EventLog
  readonly hashing: Hashing
  readonly clock: Clock
  readonly log: Logger
}
