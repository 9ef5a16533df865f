import swagger from '@fastify/swagger'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import type { OpenAPIV3_1 } from 'openapi-types'
import { completeOperation, type KnownRoute } from './complete-operation.ts'

const SCHEMES: Record<string, OpenAPIV3_1.SecuritySchemeObject> = {
  token: { type: 'http', scheme: 'bearer' },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'windlass-9465',
    description: 'Of `POST /api/session`; its name ends with the port.',
  },
}

/** Collects the routes that are registered after it; `app.swagger()` gives the OpenAPI 3.1 document. */
export async function collectOpenapi(app: FastifyInstance, version: string): Promise<void> {
  const routes = new Map<string, KnownRoute>()
  app.addHook('onRoute', (route) => {
    for (const known of knownRoutes(route)) routes.set(`${known.method} ${path(route.url)}`, known)
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Windlass', description: 'A download manager for AI models', version },
      components: { securitySchemes: SCHEMES },
      security: [{ token: [] }, { session: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: (given) => complete(jsonSchemaTransformObject(given), routes),
  })
}

function* knownRoutes({ method, config }: RouteOptions): Generator<KnownRoute> {
  for (const one of Array.isArray(method) ? method : [method]) {
    yield { method: one, isPublic: config?.isPublic === true, doc: config?.doc ?? null }
  }
}

/** Fastify's `:id` as OpenAPI writes it. */
function path(url: string): string {
  return url.replace(/:(\w+)/g, '{$1}')
}

type Document = ReturnType<typeof jsonSchemaTransformObject>

function complete(document: Document, routes: ReadonlyMap<string, KnownRoute>): Document {
  const paths = Object.entries(document.paths ?? {}).map(([url, operations]) => [
    url,
    Object.fromEntries(
      // The plugin writes operations alone below a path.
      Object.entries((operations ?? {}) as Record<string, OpenAPIV3_1.OperationObject>).map(
        ([method, operation]) => {
          const route = routes.get(`${method.toUpperCase()} ${url}`)
          return [method, route === undefined ? operation : completeOperation(operation, route)]
        },
      ),
    ),
  ])
  return { ...document, paths: Object.fromEntries(paths) }
}
