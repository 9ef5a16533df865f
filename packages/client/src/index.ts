export { ApiError, isApiError } from './api-error.ts'
export {
  type BulkAction,
  type CallOptions,
  type Client,
  type ClientOptions,
  type CreateOptions,
  createClient,
} from './create-client.ts'
export type { ConnectionChange, EventsOptions } from './follow-events.ts'
export type { ModelCallOptions, ModelsClient } from './models-client.ts'
export type { Fetch, FetchAnswer, FetchOptions } from './transport.ts'
