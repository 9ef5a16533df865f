import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Health, type Problem } from '@windlass/contract'
import { isWindlassError } from '@windlass/engine'
import { assert, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createLog } from './create-log.ts'
import { findOwner } from './home/find-owner.ts'
import { homePaths } from './home/home-paths.ts'
import { readOwnerRecord } from './home/owner-record.ts'
import { type OpenHome, openHome } from './open-home.ts'
import { loadSettings, type Settings } from './settings/load-settings.ts'
import { eventsIn, readStream } from './testing/read-stream.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const log = createLog({ level: 'silent' })
const OPERATORS = 'token-of-the-operator'

let home: string
beforeEach(async () => {
  home = await temporaryFolder(onTestFinished)
})

function settingsWith(env: Record<string, string> = {}): Settings {
  return loadSettings({
    env: { WINDLASS_HOME: home, WINDLASS_PORT: '0', ...env },
    homeDir: home,
    platform: process.platform,
  })
}

async function open(listenTcp: boolean, env: Record<string, string> = {}): Promise<OpenHome> {
  const opened = await openHome(settingsWith(env), { log, listenTcp, startDownloads: false })
  onTestFinished(() => opened.close())
  return opened
}

interface Asked {
  readonly path: string
  readonly token: string
  readonly method?: string
  readonly body?: object
}

/** Sends a request over the Unix socket. */
async function askSocket(
  socketPath: string,
  { path, token, method = 'GET', body }: Asked,
): Promise<IncomingMessage> {
  const headers = {
    host: 'localhost',
    authorization: `Bearer ${token}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  const outgoing = request({ socketPath, path, method, headers })
  outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  const [answer] = await once(outgoing, 'response')
  return answer
}

async function jsonOf(answer: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const piece of answer.setEncoding('utf8')) text += piece
  return JSON.parse(text)
}

describe('an open home', () => {
  it('answers on its socket, which only this user can open, and on no port unless told to', async () => {
    const opened = await open(false)
    expect(opened.url).toBeNull()
    expect((await stat(opened.socketPath)).mode & 0o777).toBe(0o600)
    expect((await stat(home)).mode & 0o777).toBe(0o700)
    const token = opened.token.reveal()
    const answer = await askSocket(opened.socketPath, { path: '/api/health', token })
    expect(Health.parse(await jsonOf(answer)).pid).toBe(process.pid)
    expect(await readOwnerRecord(homePaths(home).owner)).toMatchObject({
      pid: process.pid,
      url: null,
    })
  })

  it('is found by its settings, with a token that opens it', async () => {
    const opened = await open(false, { WINDLASS_TOKEN: OPERATORS })
    const owner = await findOwner(settingsWith())
    assert(owner?.socketPath === opened.socketPath)
    const path = '/api/downloads'
    const ofHome = owner.token.reveal()
    expect(ofHome).not.toBe(OPERATORS)
    for (const token of [ofHome, OPERATORS]) {
      expect((await askSocket(opened.socketPath, { path, token })).statusCode).toBe(200)
    }
    expect((await askSocket(opened.socketPath, { path, token: 'x' })).statusCode).toBe(401)
  })

  it("wants the operator's token on its port, and not the one of the home", async () => {
    const opened = await open(true, { WINDLASS_TOKEN: OPERATORS })
    const ofHome = (await findOwner(settingsWith()))?.token.reveal()
    const ask = async (token: string | undefined): Promise<number> => {
      const headers = { authorization: `Bearer ${token}` }
      return (await fetch(`${opened.url}/api/health`, { headers })).status
    }
    expect(await ask(OPERATORS)).toBe(200)
    expect(await ask(ofHome)).toBe(401)
    expect((await readOwnerRecord(homePaths(home).owner))?.url).toBe(opened.url)
  })

  it('signs a browser in by its link, once, and keeps no secret in its database', async () => {
    const opened = await open(true)
    const link = new URL(opened.signInUrl?.reveal() ?? '')
    const signIn = () =>
      fetch(new URL('/api/session', link), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ code: link.hash.slice(1) }),
      })
    const [first, second] = [await signIn(), await signIn()]
    expect([first.status, second.status]).toEqual([200, 401])
    const cookie = String(first.headers.get('set-cookie')?.split(';')[0])
    const read = async (): Promise<number> =>
      (await fetch(`${opened.url}/api/downloads`, { headers: { cookie } })).status
    expect(await read()).toBe(200)
    await opened.close()
    for (const name of await readdir(home)) {
      if (!name.startsWith('windlass.db')) continue
      const bytes = await readFile(`${home}/${name}`)
      for (const secret of [opened.token.reveal(), cookie.split('=')[1] ?? '']) {
        expect(bytes.includes(secret), name).toBe(false)
      }
    }
  })

  it('reaches the engine, and tells on the socket what happens on the port', async () => {
    const opened = await open(true)
    const token = opened.token.reveal()
    const stream = await askSocket(opened.socketPath, { path: '/api/events', token })
    stream.setEncoding('utf8')
    const created = await fetch(`${opened.url}/api/downloads`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ref: 'org/name', paused: true }),
    })
    expect(created.status).toBe(201)
    const { id } = (await created.json()) as { id: string }
    let text = ''
    for await (const piece of stream) {
      text += piece
      if (eventsIn(text).length > 0) break
    }
    expect(eventsIn(text)[0]).toMatchObject({
      type: 'download.created',
      data: { download: { id } },
    })
  })

  it('closes within seconds while streams are open, and leaves nothing of the owner behind', async () => {
    const opened = await open(true)
    const headers = { authorization: `Bearer ${opened.token.reveal()}` }
    const stream = await readStream(`${opened.url}/api/events`, headers)
    const started = performance.now()
    await Promise.all([opened.close(), stream.ended()])
    expect(performance.now() - started).toBeLessThan(3000)
    const left = await readdir(home)
    expect(left).toContain('token')
    expect(left.filter((name) => /sock|owner/.test(name))).toEqual([])
    await opened.close()
    const again = await open(false)
    expect(again.token.reveal()).toBe(opened.token.reveal())
  })
})

describe('a home that cannot be opened', () => {
  it('is one whose port is taken: the message names port and variable, and the home is free again', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    // A TCP server has an address with a port.
    const { port } = other.address() as AddressInfo
    const refused: unknown = await open(true, { WINDLASS_PORT: String(port) }).catch(
      (error: unknown) => error,
    )
    assert(isWindlassError(refused, 'SETTINGS_INVALID'))
    expect(refused.message).toContain(`port ${port} on 127.0.0.1`)
    expect(refused.hint).toContain('WINDLASS_PORT')
    expect(await readdir(home)).not.toContain('windlass.sock')
    await open(true)
  })

  it('is one whose address is not of this machine', async () => {
    const env = { WINDLASS_HOST: '192.0.2.1', WINDLASS_TOKEN: OPERATORS }
    await expect(open(true, env)).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      facts: { variable: 'WINDLASS_HOST' },
    })
  })
})

// Starting a process takes its time on a busy machine.
describe('a home of another process', { timeout: 30_000 }, () => {
  it('is refused with the pid of its owner and what to do, and served by that one', async () => {
    const { child, url } = await startOwner()
    const refused: unknown = await open(false).catch((error: unknown) => error)
    assert(isWindlassError(refused, 'LOCK_HELD'))
    expect(refused.message).toContain(`process ${child.pid} owns ${home} and serves ${url}`)
    expect(refused.hint).toContain('WINDLASS_HOME')
    expect(refused.facts['pid']).toBe(child.pid)
    const owner = await findOwner(settingsWith())
    assert(owner !== null && owner.socketPath !== null, 'the refused one left the socket alone')
    const token = owner.token.reveal()
    const answer = await askSocket(owner.socketPath, { path: '/api/health', token })
    expect(Health.parse(await jsonOf(answer)).pid).toBe(child.pid)
  })

  it('is free as soon as that process is killed, whatever files it left', async () => {
    const { child } = await startOwner()
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await readdir(home)).toEqual(expect.arrayContaining(['windlass.sock', 'owner.json']))
    expect(await findOwner(settingsWith())).toBeNull()
    const opened = await open(false)
    expect((await findOwner(settingsWith()))?.socketPath).toBe(opened.socketPath)
    const problem = await jsonOf(
      await askSocket(opened.socketPath, { path: '/api/x', token: opened.token.reveal() }),
    )
    expect((problem as Problem).code).toBe('ROUTE_NOT_FOUND')
  })
})

async function startOwner(): Promise<{ child: ChildProcess; url: string }> {
  const program = fileURLToPath(new URL('testing/own-home-main.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=windlass-source', program, home], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(child.stdout, 'data')
  return { child, url: String(line).trim() }
}
