import { homedir } from 'node:os'
import type { EngineOptions } from '../engine.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import { parseAllowedHost } from '../net/egress/allowed-host.ts'
import { openEngine } from '../open-engine.ts'
import type { Logger } from '../ports.ts'
import { StopRequest } from '../runtime/stop-request.ts'
import { readHubEnvironment } from '../sources/huggingface/hub-environment.ts'
import { ownTokenPath } from '../sources/huggingface/own-token-path.ts'
import { activeDownloads, cancelDownloads } from './act-on-downloads.ts'
import { dataFolder } from './data-folder.ts'
import { DEFAULT_LIMITS, DEFAULT_RESERVE } from './default-limits.ts'
import type { CreateEngineOptions, EmbeddedEngine } from './embedded-engine.ts'
import { pullDownload } from './pull-download.ts'
import { readProxies } from './read-proxies.ts'
import { readVersion } from './read-version.ts'
import { systemPorts } from './system-ports.ts'

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/**
 * Opens an engine for use within another program. Without options it works in the home
 * that the command line uses, where what was under way goes on; with that running beside it,
 * name a folder of your own.
 * @throws WindlassError LOCK_HELD when another process owns the home, DB_TOO_NEW,
 *   STORAGE_BROKEN, SETTINGS_INVALID for a variable that makes no sense
 */
export async function createEngine(options: CreateEngineOptions = {}): Promise<EmbeddedEngine> {
  const engine = await openEngine(completed(options))
  const closing = new AbortController()
  const close = async (): Promise<void> => {
    closing.abort(new StopRequest('shutdown'))
    await engine.close()
  }
  const never = new AbortController().signal
  return {
    ...engine,
    plan: (request, { signal = never } = {}) =>
      engine.downloads.plan(typeof request === 'string' ? { ref: request } : request, { signal }),
    pull: (request, pullOptions = {}) =>
      pullDownload(engine, typeof request === 'string' ? { ref: request } : request, {
        ...pullOptions,
        closing: closing.signal,
      }),
    active: () => activeDownloads(engine.downloads),
    cancel: (target) => cancelDownloads(engine.downloads, target),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function completed(options: CreateEngineOptions): EngineOptions {
  // The one place of the engine that reads it, for programs that do not say.
  const { env = process.env, log = silent, limits, ...given } = options
  const folders = { env, homeDir: homedir(), platform: process.platform }
  const home = given.home ?? (env['WINDLASS_HOME'] || dataFolder(folders))
  return {
    home,
    reserve: DEFAULT_RESERVE,
    hub: { ...readHubEnvironment(env, homedir()), ownTokenPath: ownTokenPath(home) },
    proxy: readProxies(env),
    allowedHosts: readAllowedHosts(env['WINDLASS_ALLOW_HOSTS'] ?? ''),
    userAgent: `windlass/${readVersion()}`,
    ...given,
    limits: { ...DEFAULT_LIMITS, ...limits },
    ports: systemPorts(log),
  }
}

/** @throws WindlassError SETTINGS_INVALID */
function readAllowedHosts(text: string): EngineOptions['allowedHosts'] {
  const entries = text.split(',').filter((entry) => entry.trim() !== '')
  return entries.map((entry) => {
    const host = parseAllowedHost(entry)
    if (host !== null) return host
    throw new WindlassError('SETTINGS_INVALID', {
      detail: `WINDLASS_ALLOW_HOSTS has ${JSON.stringify(entry)}, which is no host`,
      hint: 'Write hosts such as nas.lan, nas.lan:8080 or [fd00::5]:*, separated by commas.',
    })
  })
}
