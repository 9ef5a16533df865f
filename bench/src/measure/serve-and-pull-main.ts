import { homedir } from 'node:os'
import { createLog, loadSettings, openHome } from '@windlass/server'
import { type LoopDelay, measureLoopDelay } from './loop-delay.ts'

/** What a `windlass serve` does, with a download and a look at its event loop from inside. */
async function main(ref: string): Promise<LoopDelay> {
  const { env, platform } = process
  const settings = loadSettings({ env, platform, homeDir: homedir() })
  const log = createLog({ level: 'silent' })
  const home = await openHome(settings, { log, listenTcp: true })
  try {
    const { promise: ended, resolve } = Promise.withResolvers<string>()
    let stop: (() => LoopDelay) | undefined
    home.engine.events.subscribe((event) => {
      if (event.type !== 'download.state-changed') return
      const { to } = event.data
      if (to === 'downloading') stop ??= measureLoopDelay()
      if (to === 'completed' || to === 'failed' || to === 'blocked') resolve(to)
    })
    await home.engine.downloads.create({ ref })
    const state = await ended
    if (state !== 'completed' || stop === undefined) throw new Error(`the download is ${state}`)
    return stop()
  } finally {
    await home.close()
  }
}

process.stdout.write(`${JSON.stringify(await main(process.argv[2] ?? ''))}\n`)
