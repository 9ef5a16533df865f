/** A process that owns the home named by its first argument until it is killed. */
import { createLog } from '../create-log.ts'
import { openHome } from '../open-home.ts'
import { loadSettings } from '../settings/load-settings.ts'

const home = process.argv[2] ?? ''
const env = { WINDLASS_HOME: home, WINDLASS_PORT: '0' }
const settings = loadSettings({ env, homeDir: home, platform: process.platform })
const { url } = await openHome(settings, { log: createLog({ level: 'silent' }), listenTcp: true })
process.stdout.write(`${url}\n`)
