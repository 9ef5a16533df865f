import type { Client } from '@windlass/client'
import { until } from './until.ts'

/** Waits until a download has received so many bytes. */
export async function receives(client: Client, id: string, bytes: number): Promise<void> {
  await until(async () => (await client.find(id)).progress.receivedBytes >= bytes, {
    what: `${id} receives ${bytes} bytes`,
  })
}
