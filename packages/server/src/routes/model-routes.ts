import {
  MODEL_EXAMPLES,
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
import { DISK_PROBLEMS } from '../openapi/general-problems.ts'
import type { RouteDoc } from '../openapi/route-doc.ts'
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
  response: { 200: ModelList },
} as const

const STATUS = {
  operationId: 'getModelStatus',
  description:
    'One revision: its files compared with the listing in the cache, or the Hub’s where there is none. Where the Hub gives none either, they are compared with nothing.',
  tags: TAGS,
  body: ModelRequest,
  response: { 200: ModelEntry },
} as const

const DELETE = {
  operationId: 'deleteModel',
  description:
    'Removes a revision, or without `hf_commit` the repository, and no byte that something else needs. A download of it is cancelled first.',
  tags: TAGS,
  body: ModelDeletion,
  response: { 200: ModelDeleted },
} as const

const SPACE = {
  operationId: 'getModelSpace',
  description: 'What the cache holds, and what its disk could still take.',
  tags: TAGS,
  response: { 200: ModelSpace },
} as const

const PRUNE = {
  operationId: 'pruneModels',
  description:
    'Removes what nothing needs any more: revisions that no branch or tag stands for, loose blobs, leftovers of stopped downloads.',
  tags: TAGS,
  body: PruneRequest,
  response: { 200: PruneReport },
} as const

const DOCS = {
  list: { answers: { 200: MODEL_EXAMPLES.list } },
  status: {
    problems: ['REF_INVALID', 'DISK_IO'],
    body: { hf_repo: 'org/name', hf_commit: 'v1.0' },
    answers: { 200: MODEL_EXAMPLES.entry },
  },
  delete: {
    problems: ['MODEL_NOT_FOUND', 'REF_INVALID', 'INVALID_STATE', ...DISK_PROBLEMS],
    body: { hf_repo: 'org/name' },
    answers: { 200: MODEL_EXAMPLES.deleted },
  },
  space: { answers: { 200: MODEL_EXAMPLES.space } },
  prune: {
    problems: DISK_PROBLEMS,
    body: { dry_run: false },
    answers: { 200: MODEL_EXAMPLES.pruned },
  },
} as const satisfies Record<string, RouteDoc>

/** What is in the Hub's cache, and how to get its space back. */
export const modelRoutes: FastifyPluginAsyncZod<ModelRoutesDeps> = async (app, deps) => {
  const { models, closing } = deps
  app.get('/models/list', { schema: LIST, config: { doc: DOCS.list } }, async () => models.list())
  app.post(
    '/models/status',
    { schema: STATUS, config: { rateGroup: 'inquire', doc: DOCS.status } },
    async (request, reply) =>
      whileWaited(reply, closing, (signal) => models.status(request.body, { signal })),
  )
  // Cancels what is on its way, so it counts as a cancel.
  app.delete(
    '/models',
    { schema: DELETE, config: { rateGroup: 'cancel', doc: DOCS.delete } },
    async (request) => models.remove(request.body),
  )
  app.get('/models/space', { schema: SPACE, config: { doc: DOCS.space } }, async () =>
    models.space(),
  )
  app.post(
    '/models/prune',
    { schema: PRUNE, config: { rateGroup: 'inquire', doc: DOCS.prune } },
    async (request) => models.prune(request.body),
  )
}
