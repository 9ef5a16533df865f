import type { FastifyInstance } from 'fastify'
import { z } from 'zod'

const Media = z.object({
  schema: z.record(z.string(), z.unknown()),
  example: z.unknown().optional(),
  examples: z.record(z.string(), z.object({ value: z.unknown() })).optional(),
})
const Content = z.record(z.string(), Media)
const Parameter = z.object({
  name: z.string(),
  in: z.enum(['path', 'query', 'header']),
  schema: z.record(z.string(), z.unknown()),
  example: z.unknown().optional(),
})
const Operation = z.object({
  operationId: z.string(),
  security: z.array(z.unknown()).optional(),
  parameters: z.array(Parameter).default([]),
  requestBody: z.object({ content: Content }).optional(),
  responses: z.record(
    z.string(),
    z.object({ description: z.string(), content: Content.optional() }),
  ),
})
const Document = z.object({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.object({ schemas: z.record(z.string(), z.record(z.string(), z.unknown())) }),
})

export type ApiOperation = z.infer<typeof Operation> & {
  readonly method: string
  readonly path: string
}

/** The address of an operation, whose only parameter in the path, where it has one, is an id. */
export function pathTo({ path }: ApiOperation, id: string): string {
  return path.replace(/\{\w+\}/, id)
}

/** Each 5xx that an operation may answer with where no Hub answers. */
export function allowedFailures({ path, operationId }: ApiOperation): readonly number[] {
  const isUnavailable = path.startsWith('/api/videos') || path.startsWith('/api/civitai')
  const takesDestination = ['createDownload', 'planDownload'].includes(operationId)
  const waitsForHub = ['planDownload', 'verifyModel'].includes(operationId)
  return [...(isUnavailable || takesDestination ? [501] : []), ...(waitsForHub ? [502] : [])]
}

/** The OpenAPI document as a test walks it. */
export interface ApiDocument {
  readonly version: string
  readonly operations: readonly ApiOperation[]
  /** Reads a value by a schema of the document. */
  schema(json: Readonly<Record<string, unknown>>): z.ZodType
  /** The schema that a `$ref` means. */
  definition(ref: string): Readonly<Record<string, unknown>>
}

/** Reads the document of a running app, as any client could. */
export async function readOpenapi(app: FastifyInstance): Promise<ApiDocument> {
  await app.ready()
  const document = Document.parse(JSON.parse(JSON.stringify(app.swagger())))
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
    })),
  )
  const definitions = JSON.stringify(document.components.schemas)
  return {
    version: document.openapi,
    operations,
    schema: (json) => fromDocument(json, definitions),
    definition: (ref) => document.components.schemas[ref.split('/').at(-1) ?? ''] ?? {},
  }
}

function fromDocument(json: object, definitions: string): z.ZodType {
  const text = `${JSON.stringify(json).slice(0, -1)},"$defs":${definitions}}`
  return z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')))
}
