import { createEngine } from '@windlass/engine'

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
await using engine = await createEngine()
const { path } = await engine.pull('Qwen/Qwen3-0.6B', {
  signal: stop.signal,
  onProgress: ({ percent, bytesPerSecond }) => console.log(percent, bytesPerSecond),
})
console.log(path)
