import { WindlassError } from '../errors/windlass-error.ts'
import { formatBytes } from './format-bytes.ts'
import type { SpaceNumbers } from './reservations.ts'

/** The error that tells a person, with numbers, why a download does not fit into the folder `where`. */
export function diskFullError(numbers: SpaceNumbers, where: string): WindlassError {
  const { neededBytes, freeBytes, reservedBytes, marginBytes, missingBytes } = numbers
  const claims = [
    `${formatBytes(neededBytes)} needed`,
    ...(reservedBytes === 0 ? [] : [`${formatBytes(reservedBytes)} promised to other downloads`]),
    `${formatBytes(marginBytes)} kept free`,
  ].join(', ')
  return new WindlassError('DISK_FULL', {
    detail: `${claims}, but only ${formatBytes(freeBytes)} free at ${where}`,
    hint: `Free ${formatBytes(missingBytes)}; the download goes on by itself when there is enough.`,
    facts: { where, neededBytes, freeBytes, reservedBytes, marginBytes, missingBytes },
  })
}
