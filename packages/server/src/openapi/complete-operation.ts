import { ERROR_CODES, type ErrorCode } from '@windlass/contract'
import { WindlassError } from '@windlass/engine'
import type { OpenAPIV3_1 } from 'openapi-types'
import { PARAMETER_EXAMPLES } from './examples.ts'
import { generalProblems } from './general-problems.ts'
import type { RouteDoc } from './route-doc.ts'

type Operation = OpenAPIV3_1.OperationObject
type Responses = Record<string, OpenAPIV3_1.ResponseObject>

export interface KnownRoute {
  readonly method: string
  readonly isPublic: boolean
  readonly doc: RouteDoc | null
}

/** The same operation with every status that it can answer with, and an example of each body. */
export function completeOperation(operation: Operation, route: KnownRoute): Operation {
  const { doc, isPublic } = route
  // The plugin writes parameters and answers in full; what it can refer to are schemas.
  const parameters = (operation.parameters ?? []) as OpenAPIV3_1.ParameterObject[]
  const canChange = route.method !== 'GET'
  const kind = { isPublic, canChange, takesParameters: parameters.length > 0 }
  const codes = [...generalProblems(kind), ...(doc?.problems ?? [])]
  return {
    ...operation,
    ...(parameters.length === 0 ? {} : { parameters: parameters.map(withExample) }),
    ...(operation.requestBody === undefined
      ? {}
      : { requestBody: bodyWithExample(operation.requestBody, doc?.body) }),
    responses: {
      ...answersWithExamples((operation.responses ?? {}) as Responses, doc),
      ...problemAnswers(codes),
    },
  }
}

function withExample(parameter: OpenAPIV3_1.ParameterObject): OpenAPIV3_1.ParameterObject {
  const example = PARAMETER_EXAMPLES[parameter.name]
  return example === undefined ? parameter : { ...parameter, example }
}

function bodyWithExample(
  body: NonNullable<Operation['requestBody']>,
  example: unknown,
): NonNullable<Operation['requestBody']> {
  if (!('content' in body) || example === undefined) return body
  return { ...body, content: contentWithExample(body.content, example) }
}

function contentWithExample(
  content: Record<string, OpenAPIV3_1.MediaTypeObject>,
  example: unknown,
): Record<string, OpenAPIV3_1.MediaTypeObject> {
  return Object.fromEntries(
    Object.entries(content).map(([type, media]) => [type, { ...media, example }]),
  )
}

function answersWithExamples(responses: Responses, doc: RouteDoc | null): Responses {
  return Object.fromEntries(
    Object.entries(responses).map(([status, response]) => {
      const example = doc?.answers[Number(status)]
      const { content } = response
      if (content === undefined || example === undefined) return [status, response]
      return [status, { ...response, content: contentWithExample(content, example) }]
    }),
  )
}

/** One answer for each status, which names the codes that come with it. */
function problemAnswers(codes: readonly ErrorCode[]): Responses {
  const byStatus = Map.groupBy(new Set(codes), (code) => ERROR_CODES[code].status)
  const answers = [...byStatus].sort(([a], [b]) => a - b)
  return Object.fromEntries(answers.map(([status, same]) => [String(status), problemAnswer(same)]))
}

function problemAnswer(codes: readonly ErrorCode[]): OpenAPIV3_1.ResponseObject {
  const examples = Object.fromEntries(
    codes.map((code) => [code, { value: new WindlassError(code).toJSON() }]),
  )
  const description = codes.map((code) => `${ERROR_CODES[code].message} (\`${code}\`)`).join('; ')
  const isTimed = codes.some((code) => [429, 503].includes(ERROR_CODES[code].status))
  return {
    description,
    ...(isTimed
      ? {
          headers: {
            'retry-after': { description: 'Seconds to wait', schema: { type: 'integer' } },
          },
        }
      : {}),
    content: {
      'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' }, examples },
    },
  }
}
