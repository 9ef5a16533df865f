import { createClient, isApiError } from '@windlass/client'

const { WINDLASS_SERVER = 'http://127.0.0.1:9465', WINDLASS_TOKEN = '' } = process.env
const windlass = createClient({ baseUrl: WINDLASS_SERVER, token: WINDLASS_TOKEN })
try {
  const { path, averageBytesPerSecond } = await windlass.download('Qwen/Qwen3-0.6B', {
    signal: AbortSignal.timeout(3_600_000),
    onProgress: ({ percent, etaSeconds }, { state }) => console.log(state, percent, etaSeconds),
  })
  console.log(averageBytesPerSecond, path)
} catch (error) {
  if (!isApiError(error)) throw error
  console.error(error.code, error.message, error.hint)
}
