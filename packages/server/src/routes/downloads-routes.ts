import {
  CancelledDownload,
  Download,
  DownloadPage,
  DownloadPlan,
  DownloadQuery,
  DownloadRequest,
  MoveTarget,
} from '@windlass/contract'
import type { Downloads } from '@windlass/engine'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  CANCELLED,
  DOWNLOAD,
  DOWNLOAD_PAGE,
  DOWNLOAD_PLAN,
  DOWNLOAD_REQUEST,
  MOVE_TARGET,
  PAUSED,
} from '../openapi/examples.ts'
import { DISK_PROBLEMS, HOST_PROBLEMS } from '../openapi/general-problems.ts'
import type { RouteDoc } from '../openapi/route-doc.ts'
import { IdParams } from './route-responses.ts'
import { whileWaited } from './while-waited.ts'

export interface DownloadsRoutesDeps {
  readonly downloads: Downloads
  /** Aborts when the server closes. */
  readonly closing: AbortSignal
}

const CreateHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
    .meta({
      description:
        'The same request under the same key is carried out once in 24 hours; 404 when its download is forgotten since',
    })
    .optional(),
})

const CREATE = {
  operationId: 'createDownload',
  description: 'Accepts a download; 200 when the same job already lives or is complete.',
  headers: CreateHeaders,
  body: DownloadRequest,
  response: { 200: Download, 201: Download },
} as const

const PLAN = {
  operationId: 'planDownload',
  description: 'What a download would fetch. Starts nothing.',
  body: DownloadRequest,
  response: { 200: DownloadPlan },
} as const

const LIST = {
  operationId: 'listDownloads',
  querystring: DownloadQuery,
  response: { 200: DownloadPage },
} as const

const GET = {
  operationId: 'getDownload',
  params: IdParams,
  response: { 200: Download },
} as const

const FORGET = {
  operationId: 'forgetDownload',
  description: 'Drops a settled download from the list.',
  params: IdParams,
  response: { 204: z.null() },
} as const

const CANCEL = {
  operationId: 'cancelDownload',
  description: 'Stops a download and removes every byte it brought; answers with a receipt.',
  params: IdParams,
  response: { 200: CancelledDownload },
} as const

const MOVE = {
  operationId: 'moveDownload',
  description:
    'Gives a download that is not at work another place in the queue, or another priority. It keeps them over pauses and restarts.',
  params: IdParams,
  body: MoveTarget,
  response: { 200: Download },
} as const

const UNKNOWN = 'DOWNLOAD_NOT_FOUND'
const STEER: RouteDoc = {
  problems: [UNKNOWN, 'INVALID_STATE', 'DISK_FULL'],
  answers: { 200: DOWNLOAD },
}
const START: RouteDoc = {
  problems: [UNKNOWN, 'INVALID_STATE', 'QUEUE_FULL', 'DISK_FULL'],
  answers: { 200: DOWNLOAD },
}

const DOCS = {
  create: {
    problems: [
      'REF_INVALID',
      'DESTINATION_UNAVAILABLE',
      UNKNOWN,
      'INVALID_STATE',
      'IDEMPOTENCY_KEY_REUSED',
      'QUEUE_FULL',
      'DISK_FULL',
    ],
    body: DOWNLOAD_REQUEST,
    answers: { 200: DOWNLOAD, 201: DOWNLOAD },
  },
  plan: {
    problems: [
      'REF_INVALID',
      'DESTINATION_UNAVAILABLE',
      'NOTHING_SELECTED',
      'NAME_COLLISION',
      ...HOST_PROBLEMS,
      ...DISK_PROBLEMS,
    ],
    body: DOWNLOAD_REQUEST,
    answers: { 200: DOWNLOAD_PLAN },
  },
  list: { answers: { 200: DOWNLOAD_PAGE } },
  get: { problems: [UNKNOWN], answers: { 200: DOWNLOAD } },
  forget: { problems: [UNKNOWN, 'INVALID_STATE', 'DISK_FULL'], answers: { 204: null } },
  cancel: { ...STEER, answers: { 200: CANCELLED } },
  pause: { ...STEER, answers: { 200: PAUSED } },
  move: { ...STEER, body: MOVE_TARGET },
  resume: START,
  retry: START,
} as const satisfies Record<string, RouteDoc>

/** Making, listing, reading, steering and forgetting single downloads. */
export const downloadsRoutes: FastifyPluginAsyncZod<DownloadsRoutesDeps> = async (app, deps) => {
  const { downloads, closing } = deps

  app.post(
    '/downloads',
    { schema: CREATE, config: { rateGroup: 'create', doc: DOCS.create } },
    async (request, reply) => {
      const key = request.headers['idempotency-key']
      const options = key === undefined ? {} : { idempotencyKey: key }
      const { download, created } = await downloads.create(request.body, options)
      return reply.code(created ? 201 : 200).send(download)
    },
  )
  app.post(
    '/downloads/plan',
    { schema: PLAN, config: { rateGroup: 'inquire', doc: DOCS.plan } },
    async (request, reply) =>
      whileWaited(reply, closing, (signal) => downloads.plan(request.body, { signal })),
  )
  app.get('/downloads', { schema: LIST, config: { doc: DOCS.list } }, async (request) =>
    downloads.list(request.query),
  )
  app.get('/downloads/:id', { schema: GET, config: { doc: DOCS.get } }, async (request) =>
    downloads.find(request.params.id),
  )
  app.delete(
    '/downloads/:id',
    { schema: FORGET, config: { doc: DOCS.forget } },
    async (request, reply) => {
      await downloads.forget(request.params.id)
      return reply.code(204).send(null)
    },
  )
  app.post(
    '/downloads/:id/cancel',
    { schema: CANCEL, config: { doc: DOCS.cancel } },
    async (request) => downloads.cancel(request.params.id),
  )
  app.post('/downloads/:id/move', { schema: MOVE, config: { doc: DOCS.move } }, async (request) =>
    downloads.move(request.params.id, request.body),
  )
  for (const action of ['pause', 'resume', 'retry'] as const) {
    const schema = { ...GET, operationId: `${action}Download` }
    app.post(
      `/downloads/:id/${action}`,
      { schema, config: { doc: DOCS[action] } },
      async (request) => downloads[action](request.params.id),
    )
  }
}
