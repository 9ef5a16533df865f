import { createClient, type Fetch } from '@windlass/client'
import type { Download } from '@windlass/contract'
import { type Clock, isWindlassError } from '@windlass/engine'
import {
  findOwner,
  type Log,
  type OpenHome,
  type OwnerAddress,
  openHome,
  type Settings,
} from '@windlass/server'
import type { Agent } from 'undici'
import type { Connection, Connector } from './connection.ts'
import { ownClient } from './own-client.ts'
import { pauseEach } from './pull/pause-each.ts'

export interface ConnectorDeps {
  readonly settings: Settings
  readonly clock: Clock
  /** For the engine, where this process becomes the owner. */
  readonly log: Log
}

/** An owner that starts or leaves holds the home without answering; for this long that is normal. */
const PATIENCE_MS = 15_000
const LOOK_AGAIN_MS = 100

/** The way to the owner of the home that the settings name. */
export function createConnector(deps: ConnectorDeps): Connector {
  const { clock, log, settings } = deps
  const role = settings.server === null ? 'guest' : 'remote'

  const toOwner = async (): Promise<Connection | null> => {
    const owner = await findOwner(settings)
    if (owner === null) return null
    const connection = connectionTo(owner, role)
    if (role === 'guest') return connection
    return await proven(connection)
  }

  return {
    toOwner,
    async toOwnerOrSelf({ signal, startDownloads, patienceMs = PATIENCE_MS }) {
      const deadline = clock.monotonicMs() + patienceMs
      for (;;) {
        signal.throwIfAborted()
        const owner = await toOwner()
        if (owner !== null) return owner
        try {
          const home = await openHome(settings, { log, listenTcp: false, startDownloads })
          return ownConnection(home, { log, clock })
        } catch (error) {
          if (!isWindlassError(error, 'LOCK_HELD') || clock.monotonicMs() >= deadline) throw error
        }
        await clock.sleep(LOOK_AGAIN_MS, { signal })
      }
    },
  }
}

function ownConnection(
  home: OpenHome,
  deps: { readonly log: Log; readonly clock: Clock },
): Connection {
  const address = { baseUrl: 'http://localhost', socketPath: home.socketPath, token: home.token }
  const overSocket = connectionTo(address, 'owner')
  return {
    ...overSocket,
    client: ownClient(home.engine, { ...deps, overSocket: overSocket.client }),
    async close() {
      await overSocket.close()
      await home.close()
    },
    async closePausing(ids) {
      let paused: readonly Download[] = []
      await overSocket.close()
      await home.close(async () => {
        paused = await pauseEach(ids, (id) => home.engine.downloads.pause(id))
      })
      return paused
    },
  }
}

function connectionTo(
  { baseUrl, socketPath, token }: OwnerAddress,
  role: Connection['role'],
): Connection {
  // The owner itself seldom needs it, and it takes long to load.
  let opened: Promise<{ readonly agent: Agent; readonly fetch: Fetch }> | null = null
  const client = createClient({
    baseUrl,
    token: token.reveal(),
    async fetch(url, options) {
      opened ??= openFetch(socketPath)
      const { fetch } = await opened
      return await fetch(url, options)
    },
  })
  // Event streams are open for as long as somebody listens: nothing to wait for.
  const close = async (): Promise<void> => (await opened)?.agent.destroy()
  return {
    client,
    role,
    address: socketPath ?? baseUrl,
    close,
    async closePausing(ids) {
      const paused = await pauseEach(ids, (id) => client.pause(id))
      await close()
      return paused
    },
  }
}

async function openFetch(
  socketPath: string | null,
): Promise<{ readonly agent: Agent; readonly fetch: Fetch }> {
  const { Agent, fetch } = await import('undici')
  const agent = new Agent(socketPath === null ? {} : { connect: { socketPath } })
  return { agent, fetch: (url, options) => fetch(url, { ...options, dispatcher: agent }) }
}

/** A server named by its address is asked once, so that a wrong address is told at once. */
async function proven(connection: Connection): Promise<Connection> {
  try {
    await connection.client.health()
    return connection
  } catch (error) {
    await connection.close()
    throw error
  }
}
