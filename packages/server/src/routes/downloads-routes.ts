import {
  CancelledDownload,
  Download,
  DownloadPage,
  DownloadPlan,
  DownloadQuery,
  DownloadRequest,
} from '@windlass/contract'
import type { Downloads } from '@windlass/engine'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { COMMON_PROBLEMS, IdParams } from './route-responses.ts'
import { whileWaited } from './while-waited.ts'

export interface DownloadsRoutesDeps {
  readonly downloads: Downloads
  /** Aborts when the server closes. */
  readonly closing: AbortSignal
}

const CREATE = {
  operationId: 'createDownload',
  description: 'Accepts a download; 200 when the same job already lives or is complete.',
  body: DownloadRequest,
  response: { 200: Download, 201: Download, ...COMMON_PROBLEMS },
} as const

const PLAN = {
  operationId: 'planDownload',
  description: 'What a download would fetch. Starts nothing.',
  body: DownloadRequest,
  response: { 200: DownloadPlan, ...COMMON_PROBLEMS },
} as const

const LIST = {
  operationId: 'listDownloads',
  querystring: DownloadQuery,
  response: { 200: DownloadPage, ...COMMON_PROBLEMS },
} as const

const GET = {
  operationId: 'getDownload',
  params: IdParams,
  response: { 200: Download, ...COMMON_PROBLEMS },
} as const

const FORGET = {
  operationId: 'forgetDownload',
  description: 'Drops a settled download from the list.',
  params: IdParams,
  response: { 204: z.null(), ...COMMON_PROBLEMS },
} as const

const CANCEL = {
  operationId: 'cancelDownload',
  description: 'Stops a download and removes every byte it brought; answers with a receipt.',
  params: IdParams,
  response: { 200: CancelledDownload, ...COMMON_PROBLEMS },
} as const

/** Making, listing, reading, steering and forgetting single downloads. */
export const downloadsRoutes: FastifyPluginAsyncZod<DownloadsRoutesDeps> = async (app, deps) => {
  const { downloads, closing } = deps

  app.post(
    '/downloads',
    { schema: CREATE, config: { rateGroup: 'create' } },
    async (request, reply) => {
      const { download, created } = await downloads.create(request.body)
      return reply.code(created ? 201 : 200).send(download)
    },
  )
  app.post(
    '/downloads/plan',
    { schema: PLAN, config: { rateGroup: 'inquire' } },
    async (request, reply) =>
      whileWaited(reply, closing, (signal) => downloads.plan(request.body, { signal })),
  )
  app.get('/downloads', { schema: LIST }, async (request) => downloads.list(request.query))
  app.get('/downloads/:id', { schema: GET }, async (request) => downloads.find(request.params.id))
  app.delete('/downloads/:id', { schema: FORGET }, async (request, reply) => {
    await downloads.forget(request.params.id)
    return reply.code(204).send(null)
  })
  app.post('/downloads/:id/cancel', { schema: CANCEL }, async (request) =>
    downloads.cancel(request.params.id),
  )
  for (const action of ['pause', 'resume', 'retry'] as const) {
    const schema = { ...GET, operationId: `${action}Download` }
    app.post(`/downloads/:id/${action}`, { schema }, async (request) =>
      downloads[action](request.params.id),
    )
  }
}
