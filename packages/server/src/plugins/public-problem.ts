import type { Problem } from '@windlass/contract'
import { WindlassError } from '@windlass/engine'

/** The problem document of an error as clients may see it. */
export function publicProblem(error: WindlassError): Problem {
  return error.code === 'INTERNAL' ? new WindlassError('INTERNAL').toJSON() : error.toJSON()
}
