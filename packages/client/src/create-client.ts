import {
  type BulkMove,
  BulkResult,
  type BulkSelection,
  CancelledDownload,
  CurrentLimits,
  Download,
  DownloadPage,
  DownloadPlan,
  type DownloadQuery,
  type DownloadRequest,
  type DownloadSummary,
  Health,
  type LimitsChange,
  type MoveTarget,
  type WindlassEvent,
} from '@windlass/contract'
import { type EventsOptions, followEvents } from './follow-events.ts'
import { type ModelsClient, modelsClient } from './models-client.ts'
import { sleep } from './sleep.ts'
import { type Fetch, Transport } from './transport.ts'

export interface ClientOptions {
  /** Address of the server, for example `http://127.0.0.1:9465`. */
  readonly baseUrl: string
  readonly token: string
  /** The global `fetch`, or one that knows another way (a Unix socket, a proxy). */
  readonly fetch: Fetch
  /** Uniform in [0, 1), for the pauses between reconnects. */
  readonly random?: () => number
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
  readonly now?: () => number
}

export interface CallOptions {
  readonly signal?: AbortSignal
}

export interface CreateOptions extends CallOptions {
  /** Sent again with the same request, it makes sure that the request is carried out once. */
  readonly idempotencyKey?: string
}

/** What can be asked of one download by id, or of many at once. */
export type BulkAction = 'pause' | 'resume' | 'cancel' | 'retry' | 'forget'

/**
 * A Windlass server. Every method throws ApiError: with the code of the server's
 * problem document, SERVER_UNREACHABLE when no answer came, HTTP_PROTOCOL when the
 * answer is not one of Windlass. When its signal aborts it throws the signal's reason.
 */
export interface Client {
  /** `created` is false when the same job already lives, or is complete with its files in place. */
  create(
    request: DownloadRequest,
    options?: CreateOptions,
  ): Promise<{ readonly download: Download; readonly created: boolean }>
  /** What a request would fetch; starts nothing. */
  plan(request: DownloadRequest, options?: CallOptions): Promise<DownloadPlan>
  list(query?: Partial<DownloadQuery>, options?: CallOptions): Promise<DownloadPage>
  /** All downloads that match, page after page. */
  listAll(query?: Partial<DownloadQuery>, options?: CallOptions): AsyncIterable<DownloadSummary>
  find(id: string, options?: CallOptions): Promise<Download>
  pause(id: string, options?: CallOptions): Promise<Download>
  resume(id: string, options?: CallOptions): Promise<Download>
  /** The answer holds the receipt of what was removed. */
  cancel(id: string, options?: CallOptions): Promise<CancelledDownload>
  retry(id: string, options?: CallOptions): Promise<Download>
  /** Another place in the queue, or another priority. */
  move(id: string, target: MoveTarget, options?: CallOptions): Promise<Download>
  /** Drops a settled download from the list. */
  forget(id: string, options?: CallOptions): Promise<void>
  /** One action on many downloads; none fails because another does. */
  bulk(action: BulkAction, selection: BulkSelection, options?: CallOptions): Promise<BulkResult>
  /** Several downloads side by side to another place, in the order of their ids. */
  moveMany(move: BulkMove, options?: CallOptions): Promise<BulkResult>
  /** Events until the signal aborts, over lost connections too; see EventsOptions. */
  events(options: EventsOptions): AsyncIterable<WindlassEvent>
  /** Everything that is limited, what holds at this moment, and why. */
  limits(options?: CallOptions): Promise<CurrentLimits>
  /** At once and over restarts; what is not named stays. */
  changeLimits(change: LimitsChange, options?: CallOptions): Promise<CurrentLimits>
  health(options?: CallOptions): Promise<Health>
  /** What is in the Hub's cache there. */
  readonly models: ModelsClient
}

/** Makes a client. Opens nothing until a method is called. */
export function createClient(options: ClientOptions): Client {
  const transport = new Transport(options)
  const deps = {
    transport,
    random: options.random ?? Math.random,
    sleep: options.sleep ?? sleep,
    now: options.now ?? Date.now,
  }
  return {
    ...readingCalls(transport),
    ...actionCalls(transport),
    models: modelsClient(transport),
    events: (eventsOptions) => followEvents(deps, eventsOptions),
  }
}

type ReadingCalls = Pick<Client, 'plan' | 'list' | 'listAll' | 'find' | 'limits' | 'health'>

function readingCalls(transport: Transport): ReadingCalls {
  const list: Client['list'] = async (query = {}, { signal } = {}) => {
    const path = `/api/downloads${queryString(query)}`
    return (await transport.json({ method: 'GET', path, signal }, DownloadPage)).value
  }
  return {
    list,
    listAll: (query = {}, options = {}) => allPages(list, query, options),
    async plan(body, { signal } = {}) {
      const call = { method: 'POST', path: '/api/downloads/plan', body, signal } as const
      return (await transport.json(call, DownloadPlan)).value
    },
    async find(id, { signal } = {}) {
      return (await transport.json({ method: 'GET', path: pathOf(id), signal }, Download)).value
    },
    async limits({ signal } = {}) {
      const call = { method: 'GET', path: '/api/limits', signal } as const
      return (await transport.json(call, CurrentLimits)).value
    },
    async health({ signal } = {}) {
      return (await transport.json({ method: 'GET', path: '/api/health', signal }, Health)).value
    },
  }
}

type ActionCalls = Omit<Client, keyof ReadingCalls | 'events' | 'models'>

function actionCalls(transport: Transport): ActionCalls {
  const act =
    (action: Exclude<BulkAction, 'forget'>) =>
    async (id: string, { signal }: CallOptions = {}): Promise<Download> => {
      const path = `${pathOf(id)}/${action}`
      return (await transport.json({ method: 'POST', path, signal }, Download)).value
    }
  return {
    pause: act('pause'),
    resume: act('resume'),
    retry: act('retry'),
    async create(body, { signal, idempotencyKey } = {}) {
      const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }
      const call = { method: 'POST', path: '/api/downloads', body, headers, signal } as const
      const answer = await transport.json(call, Download)
      return { download: answer.value, created: answer.status === 201 }
    },
    async cancel(id, { signal } = {}) {
      const path = `${pathOf(id)}/cancel`
      return (await transport.json({ method: 'POST', path, signal }, CancelledDownload)).value
    },
    async move(id, body, { signal } = {}) {
      const call = { method: 'POST', path: `${pathOf(id)}/move`, body, signal } as const
      return (await transport.json(call, Download)).value
    },
    async moveMany(body, { signal } = {}) {
      const call = { method: 'POST', path: '/api/downloads/move', body, signal } as const
      return (await transport.json(call, BulkResult)).value
    },
    async forget(id, { signal } = {}) {
      await transport.send({ method: 'DELETE', path: pathOf(id), signal })
    },
    async changeLimits(body, { signal } = {}) {
      const call = { method: 'PATCH', path: '/api/limits', body, signal } as const
      return (await transport.json(call, CurrentLimits)).value
    },
    async bulk(action, body, { signal } = {}) {
      const call = { method: 'POST', path: `/api/downloads/${action}`, body, signal } as const
      return (await transport.json(call, BulkResult)).value
    },
  }
}

async function* allPages(
  list: Client['list'],
  query: Partial<DownloadQuery>,
  options: CallOptions,
): AsyncGenerator<DownloadSummary, void, undefined> {
  let cursor = query.cursor ?? null
  do {
    const page = await list({ ...query, ...(cursor === null ? {} : { cursor }) }, options)
    yield* page.items
    cursor = page.nextCursor
  } while (cursor !== null)
}

function pathOf(id: string): string {
  return `/api/downloads/${encodeURIComponent(id)}`
}

function queryString(query: Partial<DownloadQuery>): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) search.set(key, String(value))
  }
  const text = search.toString()
  return text === '' ? '' : `?${text}`
}
