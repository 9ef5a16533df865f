import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { AppOptions } from './app.ts'

/** What a listener needs of the API. */
export interface ServedApp {
  /** Answers one request. */
  routing(request: IncomingMessage, response: ServerResponse): void
  /** Answers one request for another protocol; `head` is what came behind it. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void
}

/** An app that is ready, as a listener takes it: Fastify's own way to listen knows one place only. */
export function servedBy(app: FastifyInstance): ServedApp {
  return {
    routing: (request, response) => app.routing(request, response),
    upgrade: (request, socket, head) => void app.server.emit('upgrade', request, socket, head),
  }
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
  let building: Promise<BuiltApp> | null = null
  let isClosed = false
  const built = (): Promise<BuiltApp> => {
    building ??= build(options)
    return building
  }
  const answer = (place: { destroy(): void }, by: (app: ServedApp) => void): void => {
    if (isClosed && building === null) place.destroy()
    else
      built().then(by, (err: unknown) => {
        options.log.error({ err }, 'the API could not be built')
        place.destroy()
      })
  }
  return {
    routing(request, response) {
      answer(response, (app) => app.routing(request, response))
    },
    upgrade(request, socket, head) {
      // Nobody else listens before the API does; the `close` behind an error is enough.
      const ignore = (): void => undefined
      socket.on('error', ignore)
      answer(socket, (app) => {
        app.upgrade(request, socket, head)
        socket.off('error', ignore)
      })
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

interface BuiltApp extends ServedApp {
  close(): Promise<void>
}

async function build(options: AppOptions): Promise<BuiltApp> {
  const { buildApp } = await import('./app.ts')
  const app = await buildApp(options)
  await app.ready()
  return { ...servedBy(app), close: () => app.close() }
}
