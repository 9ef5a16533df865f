import { spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** A port where connecting never ends: nothing answers, nothing refuses. */
export interface Blackhole {
  readonly port: number
  close(): Promise<void>
}

const LISTEN = `
  const [host, port] = process.argv.slice(1)
  const server = require('node:net').createServer()
  server.listen({ host, port: Number(port), backlog: 1 }, () => {
    process.stdout.write(String(server.address().port))
  })`
const MOST_FILLERS = 16

/**
 * Opens one without root: a stopped program listens and its queue of connections is filled, so the
 * kernel drops every further SYN. On Linux.
 *
 * @throws Error when the queue cannot be filled on this machine
 */
export async function openBlackhole({
  host = '127.0.0.1',
  port = 0,
}: {
  readonly host?: '127.0.0.1' | '::1'
  readonly port?: number
} = {}): Promise<Blackhole> {
  const child = spawn(process.execPath, ['-e', LISTEN, host, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const fillers: Socket[] = []
  const close = async (): Promise<void> => {
    for (const socket of fillers) socket.destroy()
    const { promise, resolve } = Promise.withResolvers<void>()
    if (child.exitCode !== null || child.signalCode !== null) return
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
    await promise
  }
  try {
    const taken = await firstOutput(child.stdout)
    child.kill('SIGSTOP')
    for (let count = 0; count < MOST_FILLERS; count++) {
      const socket = connect({ host, port: taken })
      fillers.push(socket)
      if (!(await connectsSoon(socket))) return { port: taken, close }
    }
    throw new Error('the queue of connections has no end here')
  } catch (error) {
    await close()
    throw error
  }
}

function firstOutput(stream: NodeJS.ReadableStream): Promise<number> {
  return new Promise((resolve, reject) => {
    stream.once('data', (data) => resolve(Number(data)))
    stream.once('end', () => reject(new Error('the program that listens has ended')))
  })
}

async function connectsSoon(socket: Socket): Promise<boolean> {
  socket.on('error', () => undefined)
  const connected = new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true))
  })
  return await Promise.race([connected, delay(150, false)])
}
