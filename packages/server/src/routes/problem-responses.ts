import { ERROR_CODES, type ErrorCode, Problem } from '@windlass/contract'
import { COMMON_PROBLEMS } from './route-responses.ts'

interface ProblemResponse {
  readonly description: string
  readonly content: { readonly 'application/problem+json': { readonly schema: typeof Problem } }
}

/** What every route may answer, whatever it does. */
const EVERYWHERE: readonly ErrorCode[] = [
  'BAD_REQUEST',
  'AUTH_REQUIRED',
  'ORIGIN_REJECTED',
  'HOST_REJECTED',
  'INTERNAL',
  'SERVER_CLOSING',
]
const WITH_BODY: readonly ErrorCode[] = ['PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE']

/**
 * The failing answers of a route by status, each with its codes. What the disk or a host may add
 * stands behind the statuses of a whole class.
 */
export function problems(
  codes: readonly ErrorCode[],
  { body = false }: { readonly body?: boolean } = {},
): typeof COMMON_PROBLEMS {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of [...codes, ...EVERYWHERE, ...(body ? WITH_BODY : [])]) {
    const { status } = ERROR_CODES[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  const answers = [...byStatus].map(([status, found]): [string, ProblemResponse] => [
    String(status),
    {
      description: found.map((code) => `${code}: ${ERROR_CODES[code].message}`).join('; '),
      content: { 'application/problem+json': { schema: Problem } },
    },
  ])
  return { ...Object.fromEntries(answers), ...COMMON_PROBLEMS }
}
