import { createClient } from '@windlass/client'

const { WINDLASS_SERVER = 'http://127.0.0.1:9465', WINDLASS_TOKEN = '' } = process.env
const windlass = createClient({ baseUrl: WINDLASS_SERVER, token: WINDLASS_TOKEN })
const { download } = await windlass.start({ ref: 'Qwen/Qwen3-0.6B', include: ['*.json'] })
for await (const { download: now, event } of windlass.follow(download.id)) {
  console.log(now.state, now.progress.receivedBytes, event?.type)
}
