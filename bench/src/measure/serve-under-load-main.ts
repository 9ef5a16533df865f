import { once } from 'node:events'
import { homedir } from 'node:os'
import { createLog, loadSettings, type OpenHome, openHome } from '@windlass/server'
import { measureLoopDelay } from './loop-delay.ts'

const ACTIVE = 16
const MIB = 1024 ** 2

const { env, platform } = process
const settings = loadSettings({ env, platform, homeDir: homedir() })
const log = createLog({ level: 'silent' })
const tell = (facts: object): void => void process.stdout.write(`${JSON.stringify(facts)}\n`)

/**
 * A server with a long queue and `ACTIVE` downloads that run. Says on a line where it is once it is
 * ready, and how it fared when its standard input is at its end.
 */
async function main(model: string, queued: number): Promise<void> {
  await fillQueue(model, queued)
  const started = performance.now()
  const home = await openHome(settings, { log, listenTcp: true })
  const startSeconds = (performance.now() - started) / 1000
  try {
    await allRun(home)
    const stop = measureLoopDelay()
    tell({ url: home.url, token: home.token.reveal(), startSeconds })
    process.stdin.resume()
    await once(process.stdin, 'end')
    const residentMib = process.memoryUsage.rss() / MIB
    const { active, queued: waiting } = await home.engine.counts()
    tell({ delay: stop(), residentMib, active, queued: waiting })
  } finally {
    await home.close()
  }
}

async function fillQueue(model: string, queued: number): Promise<void> {
  const home = await openHome(settings, { log, listenTcp: false, startDownloads: false })
  const { downloads } = home.engine
  for (let n = 0; n < ACTIVE; n++) {
    await downloads.create({ ref: model, include: [`part-${n}.bin`], priority: 100 })
  }
  for (let n = 0; n < queued; n++) await downloads.create({ ref: `bench/queued-${n}` })
  await home.close()
}

async function allRun({ engine }: OpenHome): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = async (): Promise<void> => {
    const { items } = await engine.downloads.list({ limit: ACTIVE, state: 'downloading' })
    if (items.length === ACTIVE) resolve()
  }
  const off = engine.events.subscribe(() => void look())
  await look()
  await promise
  off()
}

await main(process.argv[2] ?? '', Number(process.argv[3]))
