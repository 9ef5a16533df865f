export { SessionInfo, SignIn, SingleUseCode } from './access.ts'
export {
  CancelReceipt,
  Download,
  DownloadFile,
  DownloadProgress,
  DownloadReason,
  DownloadSummary,
} from './download.ts'
export { type DownloadResult, type ResultFile, resultOf } from './download-result.ts'
export {
  DOWNLOAD_ACTIONS,
  DOWNLOAD_STATES,
  DownloadAction,
  DownloadState,
  isOver,
} from './download-state.ts'
export { CAUSE_OF, ERROR_CAUSES, type ErrorCause } from './error-causes.ts'
export {
  type Disposition,
  ERROR_CODE_NAMES,
  ERROR_CODES,
  type ErrorCode,
  type ErrorSpec,
} from './error-codes.ts'
export {
  downloadIdOf,
  LOGGED_EVENTS,
  type LoggedEvent,
  type LoggedEventMap,
  type LoggedEventType,
  PASSING_EVENTS,
  type PassingEvent,
  type PassingEventMap,
  type PassingEventType,
  parseEvent,
  type WindlassEvent,
} from './events.ts'
export {
  CurrentLimits,
  LIMIT_NAMES,
  LimitName,
  Limits,
  LimitsChange,
  ScheduleRow,
  WEEKDAYS,
} from './limits.ts'
export { MODEL_EXAMPLES } from './model-examples.ts'
export {
  ActiveModels,
  DamagedFile,
  ModelCancelled,
  ModelDeleted,
  ModelDeletion,
  ModelEntry,
  ModelList,
  ModelName,
  ModelPaused,
  ModelProgress,
  ModelReady,
  ModelRepo,
  ModelRequest,
  ModelResumed,
  ModelSpace,
  ModelStatus,
  ModelTask,
  ModelTaskProgress,
  PruneItem,
  PruneReport,
  PruneRequest,
  VerifyProgress,
  VerifyReport,
  VerifyRequest,
} from './models.ts'
export { BulkMove, MoveTarget, Priority } from './move.ts'
export { parseJson } from './parse-json.ts'
export { Problem } from './problem.ts'
export {
  BulkResult,
  BulkSelection,
  CancelledDownload,
  DownloadPage,
  DownloadPlan,
  DownloadQuery,
  DownloadRequest,
  Health,
  LOWEST_RATE,
} from './requests.ts'
export { WaitsFor } from './waits-for.ts'
