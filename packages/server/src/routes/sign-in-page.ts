import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'

const FOLDER = fileURLToPath(new URL('../../static', import.meta.url))

/** Page, style and script of the sign-in: all that anybody may load. */
export const signInPage: FastifyPluginAsync = async (app) => {
  await app.register(fastifyStatic, { root: FOLDER, serve: false, cacheControl: false })
  const files = { '/signin': 'signin.html', '/signin.css': 'signin.css', '/signin.js': 'signin.js' }
  for (const [url, file] of Object.entries(files)) {
    app.get(url, { schema: { hide: true }, config: { isPublic: true } }, (_request, reply) =>
      reply.sendFile(file),
    )
  }
}
