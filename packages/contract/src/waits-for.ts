import { z } from 'zod'

/**
 * What a download that does not move waits for: `slot` one of the downloads at work to end,
 * `retry` the time of the next attempt, `host` a host that asked for rest, `space` room on
 * the disk, `person` somebody who acts.
 */
export const WaitsFor = z
  .object({
    what: z.enum(['slot', 'retry', 'host', 'space', 'person']),
    until: z.number().meta({ description: 'Epoch milliseconds' }).optional(),
    position: z
      .int()
      .min(1)
      .meta({ description: 'Place in the queue; events leave it out' })
      .optional(),
    limit: z.literal('maxActive').meta({ description: 'The limit that holds it back' }).optional(),
    todo: z.string().meta({ description: 'What a person can do' }).optional(),
  })
  .meta({ id: 'WaitsFor' })
export type WaitsFor = z.infer<typeof WaitsFor>
