import {
  type BulkMove,
  type BulkResult,
  type CancelledDownload,
  type CurrentLimits,
  type Download,
  type DownloadPage,
  type DownloadPlan,
  type DownloadRequest,
  type DownloadSummary,
  type Health,
  type LimitsChange,
  MODEL_EXAMPLES,
  type MoveTarget,
  type SessionInfo,
  type SingleUseCode,
  type WindlassEvent,
} from '@windlass/contract'

const AT = 1_795_000_000_000
const TOTAL = 4_976_698_672
const REVISION = '0b4f1a5b6c7d8e9f00112233445566778899aabb'
const FOLDER = '/home/me/.cache/huggingface/hub/models--org--name'

/** By name: what a parameter could be. */
export const PARAMETER_EXAMPLES: Readonly<Record<string, string | number>> = {
  id: 'k7m2p9qwxa',
  task_id: 'k7m2p9qwxa',
  job_id: 'k7m2p9qwxa',
  'idempotency-key': '0b6c1f0e-3c55-4a5e-9f0d-2a9c6f1f7d11',
  state: 'waiting',
  source: 'huggingface',
  q: 'name',
  limit: 100,
  cursor: '42',
  lastEventId: '1507',
  download: 'k7m2p9qwxa',
  ticket: 'a-code-of-POST-/api/tickets',
}

export const DOWNLOAD_REQUEST: DownloadRequest = {
  ref: 'org/name',
  revision: 'main',
  include: ['*.safetensors', '*.json'],
  priority: 10,
  options: { connections: 4, limitRate: 20_000_000 },
}

const SUMMARY: DownloadSummary = {
  id: 'k7m2p9qwxa',
  ref: 'org/name',
  source: 'huggingface',
  title: 'org/name',
  state: 'downloading',
  progress: {
    receivedBytes: 1_244_174_668,
    totalBytes: TOTAL,
    percent: 25,
    bytesPerSecond: 31_000_000,
    etaSeconds: 121,
    filesDone: 3,
    filesTotal: 5,
  },
  revision: REVISION,
  destination: FOLDER,
  priority: 10,
  attempts: 0,
  createdAt: AT,
  startedAt: AT + 900,
  finishedAt: null,
  elapsedSeconds: 40,
  actions: ['pause', 'cancel'],
}

export const DOWNLOAD: Download = {
  ...SUMMARY,
  files: [
    {
      path: 'model.safetensors',
      sizeBytes: TOTAL - 1024,
      receivedBytes: 1_244_173_644,
      state: 'downloading',
      present: false,
    },
    {
      path: 'config.json',
      sizeBytes: 1024,
      receivedBytes: 1024,
      state: 'done',
      present: false,
    },
  ],
}

export const PAUSED: Download = { ...DOWNLOAD, state: 'paused', actions: ['resume', 'cancel'] }

export const CANCELLED: CancelledDownload = {
  ...DOWNLOAD,
  state: 'cancelled',
  finishedAt: AT + 41_000,
  actions: ['retry', 'forget'],
  receipt: { files: 2, bytes: 1_244_174_668 },
}

export const DOWNLOAD_PAGE: DownloadPage = { items: [SUMMARY], nextCursor: '42' }

export const DOWNLOAD_PLAN: DownloadPlan = {
  ref: 'org/name',
  source: 'huggingface',
  title: 'org/name',
  revision: REVISION,
  destination: FOLDER,
  files: [
    { path: 'model.safetensors', sizeBytes: TOTAL - 1024, present: false },
    { path: 'config.json', sizeBytes: 1024, present: true },
  ],
  totalBytes: TOTAL,
  missingBytes: TOTAL - 1024,
  freeBytes: 250_000_000_000,
  reservedBytes: 1_073_741_824,
  fits: true,
}

export const BULK_SELECTION = { ids: ['k7m2p9qwxa', 'unknown'] }

export const BULK_RESULT: BulkResult = {
  results: [
    { id: 'k7m2p9qwxa', download: SUMMARY },
    {
      id: 'unknown',
      problem: {
        type: 'urn:windlass:error:DOWNLOAD_NOT_FOUND',
        code: 'DOWNLOAD_NOT_FOUND',
        title: 'There is no such download',
        status: 404,
        detail: 'There is no such download: unknown',
        facts: {},
      },
    },
  ],
}

export const MOVE_TARGET: MoveTarget = { to: 'first' }

export const BULK_MOVE: BulkMove = { ids: ['k7m2p9qwxa', 'unknown'], to: 'last' }

export const LIMITS_CHANGE: LimitsChange = {
  limitRate: 20_000_000,
  perHost: { 'cdn.example.org': 5_000_000 },
  temporary: { limitRate: 1_000_000, seconds: 3600 },
}

export const CURRENT_LIMITS: CurrentLimits = {
  limits: {
    maxActive: 3,
    maxQueued: 10_000,
    connections: 8,
    connectionsPerHost: null,
    limitRate: 20_000_000,
    perSource: {},
    perHost: { 'cdn.example.org': 5_000_000 },
    perDownload: null,
    schedule: [{ days: ['sat', 'sun'], from: '00:00', to: '00:00', limitRate: null }],
    temporary: { limitRate: 1_000_000, until: AT + 3_600_000 },
  },
  rate: { limitRate: 1_000_000, by: 'temporary', until: AT + 3_600_000 },
  changed: ['limitRate', 'perHost', 'temporary'],
  timeZone: 'Europe/Berlin',
}

export const HEALTH: Health = {
  status: 'ok',
  version: '0.1.0',
  pid: 4711,
  startedAt: AT,
  active: 3,
  queued: 12,
}

export const SESSION: SessionInfo = { kind: 'session', expiresAt: AT + 30 * 86_400_000 }

export const CODE: SingleUseCode = {
  code: 'Zm9yLXRoZS1kb2N1bWVudGF0aW9uLW9ubHktLS0tLS0',
  expiresAt: AT + 30_000,
}

const EVENT: WindlassEvent = {
  seq: 1508,
  at: AT,
  type: 'download.noticed',
  data: { id: 'k7m2p9qwxa', code: 'NET_RESET', message: 'The connection dropped' },
}

/** A stream of server-sent events, as text. */
export const EVENT_TEXT = `id: 1508\nevent: ${EVENT.type}\ndata: ${JSON.stringify(EVENT)}\n\n`

/** The same of one task of the model routes. */
export const TASK_TEXT = `event: progress\ndata: ${JSON.stringify(MODEL_EXAMPLES.progress)}\n\n`
