export { makeFoldersDurably } from './disk/make-folders-durably.ts'
export { writeFileDurably } from './disk/write-file-durably.ts'
export type { EngineLimits, ReservePolicy } from './downloads/settings.ts'
export { actionsIn, isSettled, TRANSITIONS } from './downloads/state-table.ts'
export { createEngine } from './embedding/create-engine.ts'
export { dataFolder } from './embedding/data-folder.ts'
export { DEFAULT_LIMITS, DEFAULT_RESERVE } from './embedding/default-limits.ts'
export type {
  CancelOutcome,
  CancelTarget,
  CreateEngineOptions,
  EmbeddedEngine,
  PullOptions,
} from './embedding/embedded-engine.ts'
export { readProxies } from './embedding/read-proxies.ts'
export { readVersion } from './embedding/read-version.ts'
export { systemPorts } from './embedding/system-ports.ts'
export type {
  AccessKey,
  AccessKind,
  AccessStore,
  Downloads,
  Engine,
  EngineOptions,
  EngineStats,
  EventLog,
  Limits,
} from './engine.ts'
export { classify } from './errors/classify.ts'
export {
  isWindlassError,
  WindlassError,
  type WindlassErrorOptions,
} from './errors/windlass-error.ts'
export { modelProgress } from './models/model-jobs.ts'
export type { ModelQuery, Models } from './models/models.ts'
export type { BandwidthLimits } from './net/bandwidth/bandwidth-limits.ts'
export { type AllowedHost, parseAllowedHost } from './net/egress/allowed-host.ts'
export { openEngine } from './open-engine.ts'
export type { EnginePorts, Logger } from './ports.ts'
export { type Clock, systemClock } from './runtime/clock.ts'
export { Closer } from './runtime/closer.ts'
export { Secret } from './runtime/secret.ts'
export { StopRequest } from './runtime/stop-request.ts'
export { askHubIdentity, type HubIdentity } from './sources/huggingface/ask-hub-identity.ts'
export { type HubEnvironment, readHubEnvironment } from './sources/huggingface/hub-environment.ts'
export { ownTokenPath } from './sources/huggingface/own-token-path.ts'
export { type FoundToken, findHubToken } from './sources/huggingface/read-hub-token.ts'
export { type StagingFolder, stagingFolders } from './stores/hub-cache/staging-folders.ts'
