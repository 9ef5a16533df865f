import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { Secret } from '@windlass/engine'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createLog } from '../create-log.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { ensureApiToken, readApiToken } from './api-token.ts'
import { findOwner } from './find-owner.ts'
import { homePaths } from './home-paths.ts'
import { readOwnerRecord, removeOwnerRecord, writeOwnerRecord } from './owner-record.ts'
import { prepareHome } from './prepare-home.ts'

const log = createLog({ level: 'silent' })
const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777

describe('the home', () => {
  it('is made for its user alone, with the folders above it', async () => {
    const home = path.join(await temporaryFolder(onTestFinished), 'a', 'b')
    await prepareHome(home, log)
    expect(await modeOf(home)).toBe(0o700)
  })

  it('is closed to others when it is empty or a home already', async () => {
    const home = await temporaryFolder(onTestFinished)
    await chmod(home, 0o755)
    await prepareHome(home, log)
    expect(await modeOf(home)).toBe(0o700)
    await writeFile(path.join(home, 'windlass.db'), '')
    await chmod(home, 0o777)
    await prepareHome(home, log)
    expect(await modeOf(home)).toBe(0o700)
  })

  it('keeps its permissions when it holds other things', async () => {
    const home = await temporaryFolder(onTestFinished)
    await writeFile(path.join(home, 'somebody-elses'), '')
    await chmod(home, 0o755)
    await prepareHome(home, log)
    expect(await modeOf(home)).toBe(0o755)
  })

  it('is refused when it is a file, or when its socket would have too long a name', async () => {
    const file = path.join(await temporaryFolder(onTestFinished), 'file')
    await writeFile(file, '')
    await expect(prepareHome(file, log)).rejects.toMatchObject({ code: 'SETTINGS_INVALID' })
    await expect(prepareHome(path.join(file, 'below'), log)).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
    })
    const longest = `/${'x'.repeat(92)}`
    expect(Buffer.byteLength(homePaths(longest).socket)).toBe(107)
    expect(() => homePaths(`${longest}x`)).toThrowError(/108 bytes/)
    expect(() => homePaths(`/${'ü'.repeat(50)}`)).toThrowError(/WINDLASS_HOME|bytes/)
  })
})

describe('the API token', () => {
  it('is made once, of 256 bits, in a file of its user alone', async () => {
    const file = path.join(await temporaryFolder(onTestFinished), 'token')
    const token = await ensureApiToken(file, log)
    expect(Buffer.from(token.reveal(), 'base64url')).toHaveLength(32)
    expect(await modeOf(file)).toBe(0o600)
    expect((await ensureApiToken(file, log)).reveal()).toBe(token.reveal())
    expect((await readApiToken(file))?.reveal()).toBe(token.reveal())
    expect(String(token) + JSON.stringify({ token })).not.toContain(token.reveal())
  })

  it('is closed to others when its file was open to them', async () => {
    const file = path.join(await temporaryFolder(onTestFinished), 'token')
    await writeFile(file, 'a-token-of-somebody\n', { mode: 0o644 })
    expect((await ensureApiToken(file, log)).reveal()).toBe('a-token-of-somebody')
    expect(await modeOf(file)).toBe(0o600)
  })

  it('is not made through a link that somebody planted', async () => {
    const folder = await temporaryFolder(onTestFinished)
    const victim = path.join(folder, 'victim')
    await writeFile(victim, 'precious')
    await symlink(victim, path.join(folder, 'token.new'))
    await ensureApiToken(path.join(folder, 'token'), log)
    expect(await readFile(victim, 'utf8')).toBe('precious')
    expect(await readdir(folder)).toEqual(['token', 'victim'])
  })

  it.each(['', 'short', 'two words of some length'])('is refused when it is %j', async (text) => {
    const file = path.join(await temporaryFolder(onTestFinished), 'token')
    await writeFile(file, text)
    await expect(ensureApiToken(file, log)).rejects.toMatchObject({ code: 'SETTINGS_INVALID' })
  })
})

describe('the owner record', () => {
  const record = { pid: process.pid, startedAt: 1, version: '1.2.3', url: null }

  it('names the owner to its user alone, until it is removed', async () => {
    const file = path.join(await temporaryFolder(onTestFinished), 'owner.json')
    await writeOwnerRecord(file, record)
    expect(await modeOf(file)).toBe(0o600)
    expect(await readOwnerRecord(file)).toEqual(record)
    await removeOwnerRecord(file)
    await removeOwnerRecord(file)
    expect(await readOwnerRecord(file)).toBeNull()
  })

  it('of a process that has gone, or that cannot be read, names nobody', async () => {
    const file = path.join(await temporaryFolder(onTestFinished), 'owner.json')
    // Beyond the largest pid that Linux gives (proc(5), pid_max).
    await writeOwnerRecord(file, { ...record, pid: 4_194_305 })
    expect(await readOwnerRecord(file)).toBeNull()
    for (const text of ['', '{', '{"pid":"1"}']) {
      await writeFile(file, text)
      expect(await readOwnerRecord(file)).toBeNull()
    }
  })
})

describe('finding the owner', () => {
  const operators = new Secret('token-of-the-operator')

  it('gives nobody for a home that is not there, is empty, or has a left-over socket file', async () => {
    const home = await temporaryFolder(onTestFinished)
    const settings = { home, server: null, token: null }
    expect(await findOwner({ ...settings, home: path.join(home, 'none') })).toBeNull()
    expect(await findOwner(settings)).toBeNull()
    await leaveSocketBehind(homePaths(home).socket)
    expect(await findOwner(settings)).toBeNull()
    await mkdir(path.join(home, 'other'))
    await writeFile(path.join(home, 'other', 'windlass.sock'), 'no socket')
    expect(await findOwner({ ...settings, home: path.join(home, 'other') })).toBeNull()
  })

  it("gives the socket that answers, with the home's own token", async () => {
    const home = await temporaryFolder(onTestFinished)
    const { socket, token } = homePaths(home)
    const ofHome = await ensureApiToken(token, log)
    await listenAt(socket)
    expect(await findOwner({ home, server: null, token: operators })).toEqual({
      baseUrl: 'http://localhost',
      socketPath: socket,
      token: ofHome,
    })
  })

  it('gives the server that is named, and shows the token of the home to this machine only', async () => {
    const home = await temporaryFolder(onTestFinished)
    const ofHome = await ensureApiToken(homePaths(home).token, log)
    const local = new URL('http://[::1]:9465')
    const remote = new URL('https://box.example/windlass/')
    const found = await findOwner({ home, server: local, token: null })
    expect(found).toEqual({ baseUrl: 'http://[::1]:9465', socketPath: null, token: ofHome })
    expect(await findOwner({ home, server: remote, token: operators })).toEqual({
      baseUrl: 'https://box.example/windlass',
      socketPath: null,
      token: operators,
    })
    await expect(findOwner({ home, server: remote, token: null })).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      hint: expect.stringContaining('WINDLASS_TOKEN'),
    })
  })
})

async function listenAt(socketPath: string): Promise<void> {
  const server = createServer((connection) => connection.end())
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  onTestFinished(() => void server.close())
}

/** What a killed owner leaves: a socket file that nobody listens on. */
async function leaveSocketBehind(socketPath: string): Promise<void> {
  const { execFileSync } = await import('node:child_process')
  const script = `require('net').createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, 'SIGKILL'))`
  try {
    execFileSync(process.execPath, ['-e', script])
  } catch {
    // It kills itself; what counts is the file.
  }
  expect((await stat(socketPath)).isSocket()).toBe(true)
}
