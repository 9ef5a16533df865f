import { z } from 'zod'
import { ERROR_CODE_NAMES } from './error-codes.ts'

/** The body of every failing API answer (RFC 9457), sent as `application/problem+json`. */
export const Problem = z
  .object({
    type: z.string(),
    code: z.enum(ERROR_CODE_NAMES),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    hint: z.string().optional(),
    /** Earliest useful moment for another attempt, epoch milliseconds. */
    retryAt: z.number().optional(),
    facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  })
  .meta({
    id: 'Problem',
    examples: [
      {
        type: 'urn:windlass:error:INVALID_STATE',
        code: 'INVALID_STATE',
        title: 'Not possible in this state',
        status: 409,
        detail: 'Not possible in this state: cannot pause a completed download',
        facts: { state: 'completed', trigger: 'pause' },
      },
    ],
  })
export type Problem = z.infer<typeof Problem>
