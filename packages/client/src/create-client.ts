import {
  BulkResult,
  CancelledDownload,
  CurrentLimits,
  Download,
  DownloadPage,
  DownloadPlan,
  type DownloadQuery,
  type DownloadSummary,
  Health,
} from '@windlass/contract'
import type { BulkAction, CallOptions, Client, ClientOptions } from './client.ts'
import { downloadRef } from './download-ref.ts'
import { followDownload } from './follow-download.ts'
import { followEvents } from './follow-events.ts'
import { modelsClient } from './models-client.ts'
import { sleep } from './sleep.ts'
import { type Fetch, type FetchOptions, Transport } from './transport.ts'

/** Makes a client, in browsers and Node. Opens nothing until a method is called. */
export function createClient(options: ClientOptions): Client {
  const transport = new Transport({ ...options, fetch: options.fetch ?? globalFetch })
  const deps = {
    transport,
    random: options.random ?? Math.random,
    sleep: options.sleep ?? sleep,
    now: options.now ?? Date.now,
  }
  const client: Client = {
    ...readingCalls(transport),
    ...actionCalls(transport),
    models: modelsClient(transport),
    events: (eventsOptions) => followEvents(deps, eventsOptions),
    follow: (id, followOptions) => followDownload({ client, sleep: deps.sleep }, id, followOptions),
    download: (request, downloadOptions) =>
      downloadRef(
        client,
        typeof request === 'string' ? { ref: request } : request,
        downloadOptions,
      ),
  }
  return client
}

/** Looked up at each call, so that a page may replace it; a browser's wants no other `this`. */
function globalFetch(url: string, options: FetchOptions): ReturnType<Fetch> {
  return fetch(url, options)
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

type ActionCalls = Omit<Client, keyof ReadingCalls | 'events' | 'follow' | 'download' | 'models'>

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
    async start(body, { signal, idempotencyKey } = {}) {
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
