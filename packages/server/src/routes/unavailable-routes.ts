import { Problem } from '@windlass/contract'
import { WindlassError } from '@windlass/engine'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'

const VIDEOS = { tag: 'videos', sites: 'video sites' } as const
const CIVITAI = { tag: 'civitai', sites: 'Civitai' } as const

const ROUTES = [
  [VIDEOS, 'POST', '/videos', 'createVideo', 'Downloads a video.'],
  [VIDEOS, 'GET', '/videos', 'listVideos', 'Lists the videos.'],
  [VIDEOS, 'GET', '/videos/:id', 'getVideo', 'One video.'],
  [VIDEOS, 'POST', '/videos/:id/cancel', 'cancelVideo', 'Stops the download of a video.'],
  [VIDEOS, 'POST', '/videos/:id/retry', 'retryVideo', 'Starts a download that failed again.'],
  [VIDEOS, 'DELETE', '/videos/:id', 'deleteVideo', 'Removes a video.'],
  [CIVITAI, 'GET', '/civitai/models', 'listCivitaiModels', 'Looks for models on Civitai.'],
  [CIVITAI, 'GET', '/civitai/models/:id', 'getCivitaiModel', 'One model on Civitai.'],
] as const

/** The paths of the interfaces to sites that this version has nothing for, and which say so. */
export const unavailableRoutes: FastifyPluginAsyncZod = async (app) => {
  for (const [{ tag, sites }, method, url, operationId, what] of ROUTES) {
    app.route({
      method,
      url,
      schema: {
        operationId,
        description: `${what} Not in this version: answers 501.`,
        tags: [tag],
        response: { 501: Problem },
      },
      config: { doc: { problems: ['SOURCE_UNAVAILABLE'], answers: {} } },
      handler: async () => {
        throw new WindlassError('SOURCE_UNAVAILABLE', { detail: sites })
      },
    })
  }
}
