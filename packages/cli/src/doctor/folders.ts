import { access, constants, stat } from 'node:fs/promises'
import path from 'node:path'

/** `folder` itself, or the nearest folder above it that exists. */
export async function existingFolder(folder: string): Promise<string> {
  for (let place = path.resolve(folder); ; place = path.dirname(place)) {
    const exists = await stat(place).then(
      () => true,
      () => false,
    )
    if (exists || path.dirname(place) === place) return place
  }
}

export async function isWritable(folder: string): Promise<boolean> {
  return await access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
}
