import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { createLog } from './create-log.ts'
import { openHome } from './open-home.ts'
import { loadSettings } from './settings/load-settings.ts'
import { UPGRADE } from './testing/ask-server.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

it('a server closes within 5 s, whoever listens and does not read, answer or finish', async () => {
  const folder = await temporaryFolder(onTestFinished)
  const env = { WINDLASS_HOME: folder, WINDLASS_PORT: '0', HF_HOME: `${folder}/hf` }
  const settings = loadSettings({ env, homeDir: folder, platform: process.platform })
  const log = createLog({ level: 'silent' })
  const home = await openHome(settings, { log, listenTcp: true, startDownloads: false })
  const url = new URL(home.url ?? '')
  const own = `host: ${url.host}\r\nauthorization: Bearer ${home.token.reveal()}\r\n`
  const upgrade = Object.entries(UPGRADE)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  const deaf = async (text: string, isAnswered = true): Promise<Socket> => {
    const socket = connect(Number(url.port), url.hostname)
    socket.on('error', () => undefined)
    socket.write(text)
    if (isAnswered) await once(socket, 'data')
    else await once(socket, 'connect')
    return socket.pause()
  }
  const sockets = [
    await deaf(`GET /api/events HTTP/1.1\r\n${own}\r\n`),
    await deaf(`GET /ws HTTP/1.1\r\n${own}${upgrade}\r\n`),
    await deaf(`GET /api/health HTTP/1.1\r\n${own}\r\n`),
    await deaf(`POST /api/downloads HTTP/1.1\r\n${own}content-length: 99\r\n\r\n{`, false),
    await deaf('GET /api/hea', false),
  ]
  const closed = Promise.all(sockets.map((socket) => once(socket.resume(), 'close')))
  for (const socket of sockets) socket.pause()
  const started = performance.now()
  await home.close()
  expect(performance.now() - started).toBeLessThan(5000)
  for (const socket of sockets) socket.resume()
  await closed
})
