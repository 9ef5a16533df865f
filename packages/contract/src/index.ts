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
export {
  type Disposition,
  ERROR_CODE_NAMES,
  ERROR_CODES,
  type ErrorCode,
  type ErrorSpec,
} from './error-codes.ts'
export {
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
