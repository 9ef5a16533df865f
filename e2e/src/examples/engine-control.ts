import { createEngine } from '@windlass/engine'

await using engine = await createEngine({ home: 'state', limits: { maxActive: 2 } })
const { fits, missingBytes, freeBytes } = await engine.plan('Qwen/Qwen3-0.6B')
if (!fits) throw new Error(`${missingBytes} bytes are missing, and ${freeBytes} are free`)
const { download } = await engine.downloads.create({ ref: 'Qwen/Qwen3-0.6B' })
for (const { id, ref, state, progress } of await engine.active()) {
  console.log(id, ref, state, progress.percent)
}
await engine.cancel({ id: download.id }) // this one
await engine.cancel({ ref: 'Qwen/Qwen3-0.6B' }) // whatever stands for this reference
await engine.cancel({ all: true })
