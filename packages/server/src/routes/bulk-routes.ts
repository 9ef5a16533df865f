import { BulkMove, BulkResult, BulkSelection, type MoveTarget } from '@windlass/contract'
import { classify, type Downloads } from '@windlass/engine'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { BULK_MOVE, BULK_RESULT, BULK_SELECTION } from '../openapi/examples.ts'
import type { RouteDoc } from '../openapi/route-doc.ts'
import { publicProblem } from '../plugins/public-problem.ts'

const BULK_ACTIONS = ['pause', 'resume', 'cancel', 'retry', 'forget'] as const
type BulkAction = (typeof BULK_ACTIONS)[number]
type BulkItem = BulkResult['results'][number]

/** What is left of a download afterwards: nothing of a forgotten one. */
type Act = (id: string) => Promise<NonNullable<BulkItem['download']> | undefined>

/** Actions of one bulk request that run at once; a cancel waits for its clean-up. */
const AT_ONCE = 8

const MOVE = {
  operationId: 'moveDownloads',
  description: 'Several downloads side by side to another place, in the order of their ids here.',
  body: BulkMove,
  response: { 200: BulkResult },
} as const

const ACT_DOC: RouteDoc = {
  problems: ['DISK_FULL'],
  body: BULK_SELECTION,
  answers: { 200: BULK_RESULT },
}

const MOVE_DOC: RouteDoc = { ...ACT_DOC, body: BULK_MOVE }

export interface BulkRoutesDeps {
  readonly downloads: Pick<Downloads, BulkAction | 'move' | 'idsThatAllow'>
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
        config: { doc: ACT_DOC },
      },
      async (request) => {
        const { body } = request
        const ids = 'ids' in body ? new Set(body.ids) : await downloads.idsThatAllow(action)
        return {
          results: await actOnEach(
            [...ids],
            async (id) => (await downloads[action](id)) ?? undefined,
          ),
        }
      },
    )
  }
  app.post('/downloads/move', { schema: MOVE, config: { doc: MOVE_DOC } }, async (request) => {
    const { ids, ...target } = request.body
    return { results: await moveEach([...new Set(ids)], target, downloads) }
  })
}

async function actOnEach(ids: readonly string[], act: Act): Promise<BulkItem[]> {
  const results: BulkItem[] = []
  const todo = ids.entries()
  const worker = async (): Promise<void> => {
    for (const [index, id] of todo) results[index] = await outcome(id, act)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, worker))
  return results
}

/** One after the other, so that they end up side by side in the order named. */
async function moveEach(
  ids: readonly string[],
  target: MoveTarget,
  downloads: Pick<Downloads, 'move'>,
): Promise<BulkItem[]> {
  const isFront = 'to' in target && target.to === 'first'
  const results: BulkItem[] = []
  for (const id of isFront ? ids.toReversed() : ids) {
    results.push(await outcome(id, () => downloads.move(id, target)))
  }
  return isFront ? results.toReversed() : results
}

async function outcome(id: string, act: Act): Promise<BulkItem> {
  try {
    const download = await act(id)
    return download === undefined ? { id } : { id, download }
  } catch (thrown) {
    return { id, problem: publicProblem(classify(thrown)) }
  }
}
