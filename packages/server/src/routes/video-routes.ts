import { Problem } from '@windlass/contract'
import { WindlassError } from '@windlass/engine'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'

const ROUTES = [
  ['POST', '/videos', 'createVideo', 'Downloads a video.'],
  ['GET', '/videos', 'listVideos', 'Lists the videos.'],
  ['GET', '/videos/:id', 'getVideo', 'One video.'],
  ['POST', '/videos/:id/cancel', 'cancelVideo', 'Stops the download of a video.'],
  ['POST', '/videos/:id/retry', 'retryVideo', 'Starts a download that failed again.'],
  ['DELETE', '/videos/:id', 'deleteVideo', 'Removes a video.'],
] as const

/** The paths of the video interface, which say that there is nothing behind them in this version. */
export const videoRoutes: FastifyPluginAsyncZod = async (app) => {
  for (const [method, url, operationId, what] of ROUTES) {
    app.route({
      method,
      url,
      schema: {
        operationId,
        description: `${what} Not in this version: answers 501.`,
        tags: ['videos'],
        response: { 501: Problem },
      },
      config: { doc: { problems: ['SOURCE_UNAVAILABLE'], answers: {} } },
      handler: async () => {
        throw new WindlassError('SOURCE_UNAVAILABLE', { detail: 'video sites' })
      },
    })
  }
}
