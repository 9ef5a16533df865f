import {
  ActiveModels,
  MODEL_EXAMPLES,
  ModelCancelled,
  ModelPaused,
  ModelReady,
  ModelRequest,
  ModelResumed,
  ModelTask,
} from '@windlass/contract'
import type { Downloads, EventLog, Logger, Models } from '@windlass/engine'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { EventHub } from '../live/event-hub.ts'
import { originOf } from '../live/origin-of.ts'
import { TASK_TEXT } from '../openapi/examples.ts'
import type { RouteDoc } from '../openapi/route-doc.ts'
import { EVENT_STREAM } from './route-responses.ts'
import { TaskFeed } from './task-feed.ts'
import { whileWaited } from './while-waited.ts'

export interface ModelDownloadRoutesDeps {
  readonly models: Pick<
    Models,
    'download' | 'pause' | 'resume' | 'cancel' | 'active' | 'requireTask'
  >
  readonly downloads: Pick<Downloads, 'find'>
  readonly events: EventLog
  readonly hub: EventHub
  readonly log: Logger
  /** Aborts when the server closes. */
  readonly closing: AbortSignal
}

const TAGS = ['models']
const id = z.string().min(1).max(128)
const TaskParams = z.object({ task_id: id })

const DOWNLOAD = {
  operationId: 'downloadModel',
  description: 'Starts the download of a whole revision; 200 when it is there already.',
  tags: TAGS,
  body: ModelRequest,
  response: { 200: ModelReady, 202: ModelTask },
} as const

const PAUSE = {
  operationId: 'pauseModelDownload',
  description: 'Keeps every byte and frees the connections.',
  tags: TAGS,
  params: TaskParams,
  response: { 200: ModelPaused },
} as const

const RESUME = {
  operationId: 'resumeModelDownload',
  description: 'Goes on at the byte; the answer names the task whose events to follow.',
  tags: TAGS,
  params: TaskParams,
  response: { 200: ModelResumed },
} as const

const CANCEL = {
  operationId: 'cancelModelDownload',
  description: 'Stops a download and removes from the cache what was not finished.',
  tags: TAGS,
  params: TaskParams,
  response: { 200: ModelCancelled },
} as const

const CANCEL_JOB = {
  ...CANCEL,
  operationId: 'cancelModelJob',
  params: z.object({ job_id: id }),
} as const

const PROGRESS = {
  operationId: 'followModelDownload',
  description:
    'Events `progress` with `{task_id, state, progress, error_message}`: where it is, at once and at every change, until it is completed, failed or cancelled.',
  tags: TAGS,
  params: TaskParams,
  response: { 200: EVENT_STREAM },
} as const

const ACTIVE = {
  operationId: 'listActiveModelDownloads',
  description: 'Running, queued, waiting, blocked and paused downloads from the Hub.',
  tags: TAGS,
  response: { 200: ActiveModels },
} as const

const ON_TASK = ['DOWNLOAD_NOT_FOUND', 'INVALID_STATE', 'DISK_FULL'] as const

const DOCS = {
  download: {
    problems: ['ALREADY_DOWNLOADING', 'QUEUE_FULL', 'REF_INVALID', 'DISK_FULL'],
    body: { hf_repo: 'org/name', hf_commit: 'main' },
    answers: { 200: MODEL_EXAMPLES.ready, 202: MODEL_EXAMPLES.task },
  },
  pause: { problems: ON_TASK, answers: { 200: MODEL_EXAMPLES.paused } },
  resume: { problems: [...ON_TASK, 'QUEUE_FULL'], answers: { 200: MODEL_EXAMPLES.resumed } },
  cancel: { problems: ON_TASK, answers: { 200: MODEL_EXAMPLES.cancelled } },
  progress: {
    problems: ['DOWNLOAD_NOT_FOUND', 'TOO_MANY_STREAMS'],
    answers: { 200: TASK_TEXT },
  },
  active: { answers: { 200: MODEL_EXAMPLES.active } },
} as const satisfies Record<string, RouteDoc>

/** Downloads of whole models, in the words of the model routes. */
export const modelDownloadRoutes: FastifyPluginAsyncZod<ModelDownloadRoutesDeps> = async (
  app,
  deps,
) => {
  const { models, closing } = deps
  const feed = new TaskFeed(deps)
  app.post(
    '/models/download',
    { schema: DOWNLOAD, config: { rateGroup: 'create', doc: DOCS.download } },
    async (request, reply) => {
      const answer = await whileWaited(reply, closing, (signal) =>
        models.download(request.body, { signal }),
      )
      return answer.status === 'DOWNLOADED'
        ? reply.code(200).send(answer)
        : reply.code(202).send(answer)
    },
  )
  app.post(
    '/models/download/:task_id/pause',
    { schema: PAUSE, config: { doc: DOCS.pause } },
    async ({ params }) => {
      await models.pause(params.task_id)
      return { task_id: params.task_id, status: 'paused' as const }
    },
  )
  app.post(
    '/models/download/:task_id/resume',
    { schema: RESUME, config: { doc: DOCS.resume } },
    async ({ params }) => {
      await models.resume(params.task_id)
      return { task_id: params.task_id }
    },
  )
  app.post(
    '/models/download/:task_id/cancel',
    { schema: CANCEL, config: { doc: DOCS.cancel } },
    async ({ params }) => models.cancel(params.task_id),
  )
  app.post(
    '/models/cancel/:job_id',
    { schema: CANCEL_JOB, config: { doc: DOCS.cancel } },
    async ({ params }) => models.cancel(params.job_id),
  )
  app.get(
    '/models/download/:task_id/progress',
    { schema: PROGRESS, config: { doc: DOCS.progress } },
    async (request, reply) => {
      await models.requireTask(request.params.task_id)
      feed.follow(reply, request.params.task_id, originOf(request))
    },
  )
  app.get('/models/downloads/active', { schema: ACTIVE, config: { doc: DOCS.active } }, async () =>
    models.active(),
  )
}
