import {
  Closer,
  type Engine,
  isWindlassError,
  openEngine,
  readVersion,
  Secret,
  systemClock,
  systemPorts,
  WindlassError,
} from '@windlass/engine'
import { openAccess } from './access/open-access.ts'
import { appOnDemand } from './app-on-demand.ts'
import type { Log } from './create-log.ts'
import { ensureApiToken } from './home/api-token.ts'
import { type HomePaths, homePaths } from './home/home-paths.ts'
import { readOwnerRecord, removeOwnerRecord, writeOwnerRecord } from './home/owner-record.ts'
import { prepareHome } from './home/prepare-home.ts'
import { type Listener, listenOnPort, listenOnSocket } from './listen.ts'
import { DownloadLines } from './live/download-lines.ts'
import { EventCounts } from './metrics/event-counts.ts'
import type { Settings } from './settings/load-settings.ts'

export interface OpenHomeOptions {
  readonly log: Log
  /** Also serve on WINDLASS_HOST and WINDLASS_PORT, beside the socket in the home. */
  readonly listenTcp: boolean
  /** False: states can be read and changed, and nothing is fetched. True when absent. */
  readonly startDownloads?: boolean
}

/** A home in our possession: its engine runs, and its API answers. */
export interface OpenHome {
  readonly engine: Engine
  /** Address for browsers and clients on this machine; null without TCP. */
  readonly url: string | null
  /** Address that signs one browser in, once; null without TCP. Holds a secret. */
  readonly signInUrl: Secret | null
  readonly socketPath: string
  /** The API token that `url` wants. */
  readonly token: Secret
  /**
   * Ends the live streams, then the sockets, then the engine. `lastWork` is done with the
   * engine when nobody can reach the API any more. May be called again.
   */
  close(lastWork?: () => Promise<void>): Promise<void>
}

/**
 * Takes possession of a home and serves it: the one place where engine, API and
 * sockets meet. What was opened is closed again when a later step fails.
 * @throws WindlassError LOCK_HELD naming the owner, SETTINGS_INVALID, DB_TOO_NEW, STORAGE_BROKEN
 */
export async function openHome(settings: Settings, options: OpenHomeOptions): Promise<OpenHome> {
  const paths = homePaths(settings.home)
  await prepareHome(settings.home, options.log)
  const closer = new Closer()
  try {
    const lines = new DownloadLines(systemClock)
    const parts = { ...options, paths, closer, lines }
    const engine = closer.add('engine', await takeEngine(settings, parts), (opened) =>
      opened.close(),
    )
    let work = async (): Promise<void> => undefined
    closer.add('last work', null, () => work())
    const served = await serve(engine, settings, parts)
    return {
      engine,
      ...served,
      socketPath: paths.socket,
      close(lastWork = work) {
        work = lastWork
        return closer.close()
      },
    }
  } catch (error) {
    await closer.close()
    throw error
  }
}

async function takeEngine(
  settings: Settings,
  { log, paths, lines, startDownloads = true }: ServeParts,
): Promise<Engine> {
  const { home, reserve, hub, proxy, allowedHosts, limitRate } = settings
  const { maxActive, maxQueued, connections, retries, timeLimitMs } = settings
  const limits = { maxActive, maxQueued, connections, retries, timeLimitMs }
  try {
    const ports = systemPorts(lines.listen(log))
    const userAgent = `windlass/${readVersion()}`
    return await openEngine({
      home,
      limits,
      bandwidth: { limitRate },
      reserve,
      hub,
      proxy,
      allowedHosts,
      userAgent,
      ports,
      start: startDownloads,
    })
  } catch (error) {
    if (isWindlassError(error, 'LOCK_HELD')) throw await namingOwner(error, home, paths)
    throw error
  }
}

async function namingOwner(
  cause: WindlassError,
  home: string,
  paths: HomePaths,
): Promise<WindlassError> {
  const owner = await readOwnerRecord(paths.owner)
  if (owner === null) return new WindlassError('LOCK_HELD', { detail: home, cause })
  const where = owner.url === null ? '' : ` and serves ${owner.url}`
  return new WindlassError('LOCK_HELD', {
    detail: `process ${owner.pid} owns ${home}${where}`,
    hint: `Use that one, stop it (kill ${owner.pid}), or set WINDLASS_HOME to another folder.`,
    cause,
    facts: { pid: owner.pid, home },
  })
}

interface ServeParts extends OpenHomeOptions {
  readonly paths: HomePaths
  readonly closer: Closer
  readonly lines: DownloadLines
}

/** Order of lines is order of dependency; the closer goes through it backwards. */
async function serve(
  engine: Engine,
  settings: Settings,
  { log, listenTcp, paths, closer, lines }: ServeParts,
): Promise<Pick<OpenHome, 'url' | 'signInUrl' | 'token'>> {
  const version = readVersion()
  const socketToken = await ensureApiToken(paths.token, log)
  const token = settings.token ?? socketToken
  const allowedHosts = ['localhost', '127.0.0.1', '[::1]', urlHost(settings.host)]
  const startedAt = systemClock.now()
  const access = await openAccess({ store: engine.access, clock: systemClock, token, socketToken })
  const counts = new EventCounts()
  const stop = (stopFollowing: () => void): void => stopFollowing()
  closer.add('log lines', lines.follow(engine.events), stop)
  closer.add('counts', counts.follow(engine.events), stop)
  const home = { log, allowedHosts, version, startedAt }
  const app = appOnDemand({ engine, access, lines, counts, ...home })
  // Who serves is asked at once; who pulls, perhaps never.
  if (listenTcp) await app.ready()
  const close = (listener: Listener): Promise<void> => listener.close()
  closer.add('socket', await listenOnSocket(app, paths.socket), close)
  const tcp = listenTcp ? closer.add('server', await listenOnPort(app, settings), close) : null
  // Ends the live streams, which would keep the listeners open.
  closer.add('app', app, () => app.close())
  const url = tcp === null ? null : `http://${urlHost(reachable(settings.host))}:${tcp.port}`
  const record = { pid: process.pid, startedAt, version, url }
  await writeOwnerRecord(paths.owner, record)
  closer.add('owner record', paths.owner, removeOwnerRecord)
  const signInUrl =
    url === null ? null : new Secret(`${url}/signin#${access.codes.issue('sign-in').code}`)
  return { url, signInUrl, token }
}

/** An address to connect to, for one to listen on: `0.0.0.0` means all, and loopback is one of them. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host.toLowerCase()
}
