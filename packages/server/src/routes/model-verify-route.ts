import { VerifyReport, VerifyRequest } from '@windlass/contract'
import { type Clock, classify, type Logger, type Models } from '@windlass/engine'
import type { FastifyReply } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { publicProblem } from '../plugins/public-problem.ts'
import { problems } from './problem-responses.ts'
import { sendEvents } from './send-events.ts'
import { whileWaited } from './while-waited.ts'

export interface ModelVerifyRouteDeps {
  readonly models: Pick<Models, 'verify'>
  readonly clock: Clock
  readonly log: Logger
  /** Aborts when the server closes. */
  readonly closing: AbortSignal
}

const HEARTBEAT_MS = 15_000

const VERIFY = {
  operationId: 'verifyModel',
  description:
    'Checks every byte of a revision that is there; with `repair` fetches what is damaged, and nothing else. To whoever accepts `text/event-stream` it sends events `progress`, and one `report` or `problem` at the end; a reader that leaves stops it.',
  tags: ['models'],
  body: VerifyRequest,
  response: {
    200: VerifyReport,
    ...problems(['MODEL_NOT_FOUND', 'REF_INVALID', 'HASH_MISMATCH', 'QUEUE_FULL'], { body: true }),
  },
} as const

/** The check of a model, which may take as long as reading it. */
export const modelVerifyRoute: FastifyPluginAsyncZod<ModelVerifyRouteDeps> = async (app, deps) => {
  const { models, closing } = deps
  app.post('/models/verify', { schema: VERIFY }, async (request, reply) => {
    if (!request.headers.accept?.includes('text/event-stream')) {
      return await whileWaited(reply, closing, (signal) => models.verify(request.body, { signal }))
    }
    await streamVerify(reply, request.body, deps)
    return reply
  })
}

async function streamVerify(
  reply: FastifyReply,
  request: VerifyRequest,
  { models, clock, log, closing }: ModelVerifyRouteDeps,
): Promise<void> {
  const sender = sendEvents(reply, log)
  const stopBeat = clock.every(HEARTBEAT_MS, () => sender.beat())
  try {
    const report = await whileWaited(reply, closing, (signal) =>
      models.verify(request, {
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
    stopBeat()
    sender.end()
  }
}
