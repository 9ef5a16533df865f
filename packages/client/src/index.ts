export type {
  CancelledDownload,
  Download,
  DownloadFile,
  DownloadPlan,
  DownloadProgress,
  DownloadRequest,
  DownloadResult,
  DownloadSummary,
  ErrorCode,
  Problem,
  WindlassEvent,
} from '@windlass/contract'
export { ApiError, isApiError } from './api-error.ts'
export type {
  BulkAction,
  CallOptions,
  Client,
  ClientOptions,
  DownloadOptions,
  DownloadUpdate,
  FollowOptions,
  StartOptions,
} from './client.ts'
export { createClient } from './create-client.ts'
export type { ConnectionChange, EventsOptions } from './follow-events.ts'
export { keepGoing } from './keep-going.ts'
export type { ModelCallOptions, ModelsClient } from './models-client.ts'
export type { Fetch, FetchAnswer, FetchOptions } from './transport.ts'
