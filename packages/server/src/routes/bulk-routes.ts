import { BulkResult, BulkSelection } from '@windlass/contract'
import { classify, type Downloads } from '@windlass/engine'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { BULK_RESULT, BULK_SELECTION } from '../openapi/examples.ts'
import { publicProblem } from '../plugins/send-problems.ts'

const BULK_ACTIONS = ['pause', 'resume', 'cancel', 'retry'] as const
type BulkAction = (typeof BULK_ACTIONS)[number]
type BulkItem = BulkResult['results'][number]

/** Actions of one bulk request that run at once; a cancel waits for its clean-up. */
const AT_ONCE = 8

export interface BulkRoutesDeps {
  readonly downloads: Pick<Downloads, BulkAction | 'idsThatAllow'>
}

/** One action on many downloads, each with its own outcome. */
export const bulkRoutes: FastifyPluginAsyncZod<BulkRoutesDeps> = async (app, { downloads }) => {
  for (const action of BULK_ACTIONS) {
    app.post(
      `/downloads/${action}`,
      {
        schema: {
          operationId: `${action}Downloads`,
          description: 'The same action on many; `all` means all in which it is legal.',
          body: BulkSelection,
          response: { 200: BulkResult },
        },
        config: {
          doc: { problems: ['DISK_FULL'], body: BULK_SELECTION, answers: { 200: BULK_RESULT } },
        },
      },
      async (request) => {
        const { body } = request
        const ids = 'ids' in body ? new Set(body.ids) : await downloads.idsThatAllow(action)
        return { results: await actOnEach([...ids], (id) => downloads[action](id)) }
      },
    )
  }
}

async function actOnEach(
  ids: readonly string[],
  act: (id: string) => Promise<NonNullable<BulkItem['download']>>,
): Promise<BulkItem[]> {
  const results: BulkItem[] = []
  const todo = ids.entries()
  const worker = async (): Promise<void> => {
    for (const [index, id] of todo) results[index] = await outcome(id, act)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, worker))
  return results
}

async function outcome(
  id: string,
  act: (id: string) => Promise<NonNullable<BulkItem['download']>>,
): Promise<BulkItem> {
  try {
    return { id, download: await act(id) }
  } catch (thrown) {
    return { id, problem: publicProblem(classify(thrown)) }
  }
}
