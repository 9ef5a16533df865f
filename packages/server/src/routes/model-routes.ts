import {
  ModelDeleted,
  ModelDeletion,
  ModelEntry,
  ModelList,
  ModelRequest,
  ModelSpace,
  PruneReport,
  PruneRequest,
} from '@windlass/contract'
import type { Models } from '@windlass/engine'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { problems } from './problem-responses.ts'
import { whileWaited } from './while-waited.ts'

export interface ModelRoutesDeps {
  readonly models: Pick<Models, 'list' | 'status' | 'remove' | 'space' | 'prune'>
  /** Aborts when the server closes. */
  readonly closing: AbortSignal
}

const TAGS = ['models']

const LIST = {
  operationId: 'listModels',
  description: 'Every revision in the cache and on its way there. Asks no host.',
  tags: TAGS,
  response: { 200: ModelList, ...problems([]) },
} as const

const STATUS = {
  operationId: 'getModelStatus',
  description:
    'One revision: its files compared with the listing in the cache, or the Hub’s where there is none.',
  tags: TAGS,
  body: ModelRequest,
  response: { 200: ModelEntry, ...problems(['REF_INVALID'], { body: true }) },
} as const

const DELETE = {
  operationId: 'deleteModel',
  description:
    'Removes a revision, or without `hf_commit` the repository, and no byte that something else needs. A download of it is cancelled first.',
  tags: TAGS,
  body: ModelDeletion,
  response: { 200: ModelDeleted, ...problems(['MODEL_NOT_FOUND', 'REF_INVALID'], { body: true }) },
} as const

const SPACE = {
  operationId: 'getModelSpace',
  description: 'What the cache holds, and what its disk could still take.',
  tags: TAGS,
  response: { 200: ModelSpace, ...problems([]) },
} as const

const PRUNE = {
  operationId: 'pruneModels',
  description:
    'Removes what nothing needs any more: revisions that no branch or tag stands for, loose blobs, leftovers of stopped downloads.',
  tags: TAGS,
  body: PruneRequest,
  response: { 200: PruneReport, ...problems([], { body: true }) },
} as const

/** What is in the Hub's cache, and how to get its space back. */
export const modelRoutes: FastifyPluginAsyncZod<ModelRoutesDeps> = async (app, deps) => {
  const { models, closing } = deps
  app.get('/models/list', { schema: LIST }, async () => models.list())
  app.post('/models/status', { schema: STATUS }, async (request, reply) =>
    whileWaited(reply, closing, (signal) => models.status(request.body, { signal })),
  )
  app.delete('/models', { schema: DELETE }, async (request) => models.remove(request.body))
  app.get('/models/space', { schema: SPACE }, async () => models.space())
  app.post('/models/prune', { schema: PRUNE }, async (request) => models.prune(request.body))
}
