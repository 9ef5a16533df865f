import { isApiError } from '@windlass/client'
import type { Download } from '@windlass/contract'
import { isWindlassError } from '@windlass/engine'

/** Pauses what still goes on, and returns it; what has settled or gone meanwhile stays as it is. */
export async function pauseEach(
  ids: readonly string[],
  pause: (id: string) => Promise<Download>,
): Promise<readonly Download[]> {
  const paused = await Promise.all(
    ids.map(async (id) => {
      try {
        return await pause(id)
      } catch (error) {
        if (isMoot(error)) return null
        throw error
      }
    }),
  )
  return paused.filter((download) => download !== null)
}

function isMoot(error: unknown): boolean {
  return (['INVALID_STATE', 'DOWNLOAD_NOT_FOUND'] as const).some(
    (code) => isApiError(error, code) || isWindlassError(error, code),
  )
}
