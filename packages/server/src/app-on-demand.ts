import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { AppOptions } from './app.ts'

/** What a listener needs of the API. */
export interface ServedApp {
  /** Answers one request. */
  routing(request: IncomingMessage, response: ServerResponse): void
}

export interface AppOnDemand extends ServedApp {
  /** Builds it now. */
  ready(): Promise<void>
  /** Ends the live streams and refuses whatever still comes. */
  close(): Promise<void>
}

/**
 * The API, built when its first request comes. The router and all that belongs to it take longer to
 * load than the rest of the program, and most homes of a lone pull are never asked anything.
 */
export function appOnDemand(options: AppOptions): AppOnDemand {
  let building: Promise<FastifyInstance> | null = null
  let isClosed = false
  const built = (): Promise<FastifyInstance> => {
    building ??= build(options)
    return building
  }
  return {
    routing(request, response) {
      if (isClosed && building === null) return void response.destroy()
      built().then(
        (app) => app.routing(request, response),
        (err: unknown) => {
          options.log.error({ err }, 'the API could not be built')
          response.destroy()
        },
      )
    },
    async ready() {
      await built()
    },
    async close() {
      isClosed = true
      // A failure to build was told when it was asked for.
      const app = await building?.catch(() => null)
      await app?.close()
    },
  }
}

async function build(options: AppOptions): Promise<FastifyInstance> {
  const { buildApp } = await import('./app.ts')
  const app = await buildApp(options)
  await app.ready()
  return app
}
