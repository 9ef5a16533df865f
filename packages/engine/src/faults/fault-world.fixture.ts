import { deepEqual, equal } from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Download, WindlassEvent } from '@windlass/contract'
import { type FakeHub, sha256File, sha256OfRandomBytes } from '@windlass/testkit'
import type { Engine } from '../engine.ts'
import { type HubWorld, type HubWorldOptions, openHubWorld, reaches } from './hub-engine.fixture.ts'

export const MB = 1_000_000
export const REPO = 'org/model'
const FILE = 'model.bin'

/** A fake Hub with one large file. */
export interface FaultWorld extends HubWorld {
  /** The repository's folder in the cache. */
  readonly repo: string
  readonly commit: string
  readonly sizeBytes: number
  /** Where the file is when it is complete. */
  readonly final: string
  /** Ranges that the CDN was asked for, `[start, end)`, in order. */
  asked(): readonly (readonly [number, number])[]
  /** Body bytes that the CDN sent. */
  sent(): number
}

export interface FaultWorldOptions extends HubWorldOptions {
  readonly sizeBytes?: number
}

export async function openFaultWorld(options: FaultWorldOptions = {}): Promise<FaultWorld> {
  const sizeBytes = options.sizeBytes ?? 12 * MB
  const world = await openHubWorld(options)
  const { hub } = world
  const { commit } = await hub.addRepo({
    id: REPO,
    files: [{ path: FILE, content: { seed: 'weights', sizeBytes } }],
  })
  const repo = join(world.cache, 'models--org--model')
  return {
    ...world,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
    repo,
    commit,
    sizeBytes,
    final: join(repo, 'snapshots', commit, FILE),
    asked: () => cdnRequests(hub).map(({ range }) => rangeOf(range)),
    sent: () => cdnRequests(hub).reduce((sum, { bytesSent }) => sum + bytesSent, 0),
  }
}

/** The file is in place with every byte right, and nothing of ours is left beside it. */
export async function expectPublished(world: FaultWorld): Promise<void> {
  const sha256 = await sha256OfRandomBytes({ seed: 'weights', sizeBytes: world.sizeBytes })
  equal(await sha256File(world.final), sha256)
  equal((await readdir(world.repo)).includes('.windlass'), false)
  const blobs = await readdir(join(world.repo, 'blobs'))
  // Where the disk has no links there is none.
  deepEqual(
    blobs.filter((name) => name !== sha256),
    [],
  )
}

/** Waits until the download neither runs nor is about to. */
export function comesToRest(engine: Engine, id: string): Promise<Download> {
  return reaches(engine, id, 'completed', 'failed', 'blocked', 'cancelled', 'paused')
}

/** Waits for a sample that shows at least so many bytes. */
export async function receives(engine: Engine, id: string, bytes: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const off = engine.events.subscribe((event) => {
    if (event.type !== 'download.progressed' || event.data.id !== id) return
    if (event.data.progress.receivedBytes >= bytes) resolve()
  })
  await promise
  off()
}

/** The codes of what people are told from now on while it goes on by itself. */
export function noticed(engine: Engine): readonly string[] {
  const codes: string[] = []
  engine.events.subscribe((event: WindlassEvent) => {
    if (event.type === 'download.noticed') codes.push(event.data.code)
  })
  return codes
}

function cdnRequests(hub: FakeHub) {
  return hub.log.filter(({ role }) => role === 'cdn')
}

function rangeOf(header: string | undefined): readonly [number, number] {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(header ?? '') ?? []
  if (first === undefined) return [0, Number.POSITIVE_INFINITY]
  return [Number(first), last === '' ? Number.POSITIVE_INFINITY : Number(last) + 1]
}
