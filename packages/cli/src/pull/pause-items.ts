import { type Client, isApiError } from '@windlass/client'
import type { ProgressModel } from '../render/progress-model.ts'
import type { PullItem } from './pull-item.ts'

/** Pauses what still goes on; what has settled meanwhile stays as it is. */
export async function pauseItems(
  client: Client,
  items: readonly PullItem[],
  model: ProgressModel,
): Promise<void> {
  const ids = items.map((item) => item.id).filter((id) => id !== undefined)
  await Promise.all(
    ids.map(async (id) => {
      try {
        model.put(await client.pause(id))
      } catch (error) {
        if (!isApiError(error, 'INVALID_STATE') && !isApiError(error, 'DOWNLOAD_NOT_FOUND'))
          throw error
      }
    }),
  )
}
