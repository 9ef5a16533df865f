import { MODEL_EXAMPLES, VerifyReport, VerifyRequest } from '@windlass/contract'
import { classify, type Logger, type Models } from '@windlass/engine'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { EventHub } from '../live/event-hub.ts'
import { originOf } from '../live/origin-of.ts'
import { DISK_PROBLEMS, HOST_PROBLEMS } from '../openapi/general-problems.ts'
import type { RouteDoc } from '../openapi/route-doc.ts'
import { publicProblem } from '../plugins/public-problem.ts'
import { sendEvents } from './send-events.ts'
import { whileWaited } from './while-waited.ts'

export interface ModelVerifyRouteDeps {
  readonly models: Pick<Models, 'verify'>
  readonly hub: Pick<EventHub, 'requireRoom' | 'admit'>
  readonly log: Logger
  /** Aborts when the server closes. */
  readonly closing: AbortSignal
}

const VERIFY = {
  operationId: 'verifyModel',
  description:
    'Checks every byte of a revision that is there; with `repair` fetches what is damaged, and nothing else. To whoever accepts `text/event-stream` it sends events `progress`, and one `report` or `problem` at the end; a reader that leaves stops it.',
  tags: ['models'],
  body: VerifyRequest,
  response: { 200: VerifyReport },
} as const

// What stops a repair is answered in its stead.
const DOC = {
  problems: [
    'MODEL_NOT_FOUND',
    'REF_INVALID',
    'HASH_MISMATCH',
    'QUEUE_FULL',
    'INVALID_STATE',
    'TOO_MANY_STREAMS',
    ...HOST_PROBLEMS,
    ...DISK_PROBLEMS,
  ],
  body: { hf_repo: 'org/name', repair: true },
  answers: { 200: MODEL_EXAMPLES.verified },
} as const satisfies RouteDoc

/** The check of a model, which may take as long as reading it. */
export const modelVerifyRoute: FastifyPluginAsyncZod<ModelVerifyRouteDeps> = async (app, deps) => {
  const { models, closing } = deps
  const config = { rateGroup: 'inquire', doc: DOC } as const
  app.post('/models/verify', { schema: VERIFY, config }, async (request, reply) => {
    if (!request.headers.accept?.includes('text/event-stream')) {
      return await whileWaited(reply, closing, (signal) => models.verify(request.body, { signal }))
    }
    await streamVerify(request, reply, deps)
    return reply
  })
}

async function streamVerify(
  request: Pick<FastifyRequest, 'caller' | 'raw'> & { readonly body: VerifyRequest },
  reply: FastifyReply,
  { models, hub, log, closing }: ModelVerifyRouteDeps,
): Promise<void> {
  const origin = originOf(request)
  hub.requireRoom(origin.client)
  const sender = sendEvents(reply, log)
  const end = (): void => {
    // Who is told that the server closes is told so by the problem.
    if (!closing.aborted) sender.end()
  }
  const leave = hub.admit({ beat: () => sender.beat(), end }, origin)
  try {
    const report = await whileWaited(reply, closing, (signal) =>
      models.verify(request.body, {
        signal,
        onProgress: (progress) => sender.send('progress', progress),
      }),
    )
    sender.send('report', report)
  } catch (thrown) {
    const error = classify(thrown)
    if (error.code === 'INTERNAL') log.error({ err: thrown }, 'a check of a model met a bug')
    sender.send('problem', publicProblem(error))
  } finally {
    leave()
    sender.end()
  }
}
