import { readFile } from 'node:fs/promises'
import type { FakeHub } from '@windlass/testkit'
import { ofCdn } from '../support/hub-log.ts'
import { until } from '../support/until.ts'
import type { WindlassProcess } from '../support/windlass-process.ts'

/** What a kill found. */
export interface Killed {
  /** False when the program had ended by itself before. */
  readonly wasKilled: boolean
  /** Connections on which the CDN was sending. */
  readonly active: number
  /**
   * Bytes that the CDN gave to its connections and that the program never read: they were in the
   * buffers of the kernel. Its log counts them as sent; no program could keep them.
   */
  readonly unreadBytes: number
}

/**
 * Stops the program between two instructions, looks at what is on its way to it, and kills it
 * before it goes on: for the program a plain SIGKILL (Linux).
 */
export async function killFrozen(running: WindlassProcess, hub: FakeHub): Promise<Killed> {
  running.kill('SIGSTOP')
  await until(async () => !running.isRunning || (await stateOf(running.pid)) === 'T', {
    what: 'the program stands still',
  })
  const open = ofCdn(hub).filter(({ end }) => end === 'open')
  const sent = (): number => open.reduce((sum, { bytesSent }) => sum + bytesSent, 0)
  const sentBefore = sent()
  const inKernel = await bytesInKernel(Number(new URL(hub.cdnEndpoint).port))
  running.kill('SIGKILL')
  const { signal } = await running.ended
  await until(() => open.every(({ end }) => end !== 'open'), { what: 'the CDN notices' })
  return {
    wasKilled: signal === 'SIGKILL',
    active: new Set(open.map(({ connection }) => connection)).size,
    unreadBytes: inKernel + sent() - sentBefore,
  }
}

/** `T` is a process that was stopped; null when there is none. */
async function stateOf(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  // Behind the name, which may hold anything, in parentheses.
  return text?.slice(text.lastIndexOf(')') + 2, text.lastIndexOf(')') + 3) ?? null
}

/** Bytes sent from a port and not yet read at the other end, both ends being on this machine. */
async function bytesInKernel(port: number): Promise<number> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8')),
  )
  const rows = tables.flatMap((table) => table.split('\n').slice(1)).filter((row) => row !== '')
  return rows.map((row) => bytesIn(row, port)).reduce((sum, bytes) => sum + bytes, 0)
}

/** One row of proc_net_tcp(5): `sl local remote state tx:rx ...`, numbers in hexadecimal. */
function bytesIn(row: string, port: number): number {
  const [, local = '', remote = '', state, queues = ''] = row.trim().split(/\s+/)
  const [toSend = 0, toRead = 0] = queues.split(':').map((hex) => Number.parseInt(hex, 16))
  const portOf = (address: string): number => Number.parseInt(address.split(':').at(-1) ?? '', 16)
  const ESTABLISHED = '01'
  if (state !== ESTABLISHED) return 0
  if (portOf(local) === port) return toSend
  return portOf(remote) === port ? toRead : 0
}
