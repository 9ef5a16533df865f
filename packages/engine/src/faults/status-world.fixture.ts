import assert from 'node:assert/strict'
import { access, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Download } from '@windlass/contract'
import { type FaultAction, type LoggedRequest, sha256File } from '@windlass/testkit'
import type { Clock } from '../runtime/clock.ts'
import { LIMITS } from './engine-options.fixture.ts'
import { fastClock, type HubEngine, openHubEngine } from './hub-engine.fixture.ts'

export const MB = 1_000_000
export const SIZE = 6 * MB
const FILE = 'model.safetensors'
export const OVER: Download['state'][] = ['completed', 'failed', 'blocked', 'cancelled']
/** One connection, so that the order of requests is the order of the file. */
const ONE = { ...LIMITS, connections: 1, maxActive: 8 }

export interface World extends HubEngine {
  readonly clock: Clock
  /** How many times as fast the engine's clock goes. */
  readonly factor: number
  pull(id: string): Promise<string>
  /** Requests to a host, in the order of arrival. */
  requests(role: 'hub' | 'cdn'): readonly LoggedRequest[]
}

export async function world(
  options: { factor?: number; hub?: Parameters<typeof openHubEngine>[0] } = {},
): Promise<World> {
  const factor = options.factor ?? 8
  const clock = fastClock(factor)
  const opened = await openHubEngine({ clock, engine: { limits: ONE }, ...options.hub })
  return {
    ...opened,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    clock,
    factor,
    async pull(id) {
      return (await opened.engine.downloads.create({ ref: id })).download.id
    },
    requests: (role) => opened.hub.log.filter((entry) => entry.role === role),
  }
}

export function addRepo(w: World, id = 'org/a'): Promise<{ readonly commit: string }> {
  return w.hub.addRepo({
    id,
    files: [
      { path: 'config.json', content: '{}' },
      { path: FILE, content: { seed: id, sizeBytes: SIZE } },
    ],
  })
}

/** Whether the file is at its place with the right bytes; `absent` when nothing is there. */
export async function onDisk(
  w: World,
  id: string,
  commit: string,
): Promise<'right' | 'wrong' | 'absent'> {
  const folder = join(w.cache, `models--${id.replace('/', '--')}`, 'snapshots', commit)
  const link = join(folder, FILE)
  try {
    await access(link)
  } catch {
    return 'absent'
  }
  const blob = (await readlink(link)).split('/').at(-1)
  return (await sha256File(link)) === blob ? 'right' : 'wrong'
}

export const bytesSent = (entries: readonly LoggedRequest[]): number =>
  entries.reduce((sum, entry) => sum + entry.bytesSent, 0)

export const firstByte = ({ range }: LoggedRequest): number =>
  Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 'NaN')

/** Seconds on the engine's clock between two moments of the real one. */
export const seconds = (w: World, fromMs: number, toMs: number): number =>
  ((toMs - fromMs) * w.factor) / 1000

/** Seconds from now until the time that is shown. */
export function secondsLeft(w: World, { reason }: Download): number {
  assert(reason?.retryAt !== undefined)
  return (reason.retryAt - w.clock.now()) / 1000
}

export function faultOnce(w: World, role: 'hub' | 'cdn', action: FaultAction, times = 1) {
  const path = role === 'hub' ? '/api/models' : undefined
  return w.hub.fault({
    match: { role, times, ...(path === undefined ? {} : { path }) },
    do: action,
  })
}
