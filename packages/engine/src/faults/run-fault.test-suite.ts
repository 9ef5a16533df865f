import { createHash } from 'node:crypto'
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Download, ERROR_CODES, type ErrorCode } from '@windlass/contract'
import {
  createRandomBytes,
  type FaultRule,
  type LoggedRequest,
  readBytes,
  sha256File,
  sha256OfRandomBytes,
  tempDir,
  withFlippedBit,
} from '@windlass/testkit'
import { expect } from 'vitest'
import type { EngineLimits } from '../downloads/settings.ts'
import type { Engine, EngineOptions } from '../engine.ts'
import { type EngineParts, openEngine } from '../open-engine.ts'
import { systemClock } from '../runtime/clock.ts'
import type { HostOptions, RangedHost, RangedSource } from './ranged-sources.fixture.ts'

/** What must have become of a download: each of the three is looked at in every fault. */
export interface FaultExpectation {
  /** The first of these that is reached ends the run; `completed` unless given. */
  readonly state?: Download['state']
  readonly code?: ErrorCode
  /** Codes of what was told on the way, in order; not looked at when absent. */
  readonly notices?: readonly ErrorCode[]
  /**
   * What is on the disk: the right file, no byte at all, or unfinished bytes (at least so many). Whatever
   * it is, no wrong byte and no file under a final name beside the right one.
   */
  readonly disk:
    | 'file'
    | 'nothing'
    | { readonly partAtLeast: number }
    | { readonly fileWithFlippedBit: number }
  /** The `Range` headers of the requests for bytes, in order. */
  readonly ranges?: readonly (string | undefined)[]
  readonly requestsAtMost?: number
  /** Bytes that the host sent for the file; no more than its size unless given. */
  readonly sentAtMost?: number
}

export interface Fault {
  readonly host?: HostOptions
  /** In order, for the requests for the file's bytes. */
  readonly rules?: readonly FaultRule[]
  readonly limits?: Partial<EngineLimits>
  readonly http?: EngineParts['http']
  readonly rangedHttp?: EngineParts['rangedHttp']
  readonly engine?: Partial<EngineOptions>
  /** Between the opened engine and the download, for what rules cannot say. */
  readonly before?: (run: FaultStage) => void | Promise<void>
  readonly expect: FaultExpectation
  /** After the three were looked at: what a person or the host does next. */
  readonly after?: (run: FaultRun) => void | Promise<void>
}

export interface FaultStage {
  readonly host: RangedHost
  readonly engine: Engine
  readonly notices: readonly ErrorCode[]
}

export interface FaultRun extends FaultStage {
  readonly id: string
  /** The download as it was when its state was reached. */
  readonly download: Download
  /** Waits for the state, and looks at the three again. */
  reaches(expected: FaultExpectation): Promise<Download>
}

const SETTLED: readonly Download['state'][] = ['completed', 'failed', 'blocked']
const QUIET = { debug() {}, info() {}, warn() {}, error() {} }
/** The hosts of a fault: where a ref may not reach of itself, or a name that does not exist. */
const HOSTS = ['127.0.0.1', 'localhost', 'nothing.invalid']
const ALLOWED = {
  allowedHosts: HOSTS.map((hostname) => ({ hostname, port: 'any' as const })),
}
const LIMITS: EngineLimits = {
  maxActive: 3,
  maxQueued: 100,
  connections: 1,
  retries: 5,
  timeLimitMs: 60_000,
}

/**
 * Lets a real engine pull the file from a host that misbehaves, and looks at three
 * things: the state with its code, the bytes on the disk, and what the host was asked.
 * Pauses between attempts are as short as they may be.
 */
export async function runFault(source: RangedSource, fault: Fault): Promise<void> {
  await using dir = await tempDir()
  const host = await source.open(dir.join('hf'), fault.host)
  try {
    const engine = await openFaultEngine(dir.join('home'), host, fault)
    try {
      await carryOut(engine, host, fault)
    } finally {
      await engine.close()
    }
  } finally {
    await host.close()
  }
}

async function carryOut(engine: Engine, host: RangedHost, fault: Fault): Promise<void> {
  const notices: ErrorCode[] = []
  engine.events.subscribe((event) => {
    if (event.type === 'download.noticed') notices.push(event.data.code)
  })
  for (const rule of fault.rules ?? []) host.fault(rule)
  await fault.before?.({ host, engine, notices })
  const { download } = await engine.downloads.create({ ref: host.ref })
  const { id } = download
  const reaches = async (expected: FaultExpectation): Promise<Download> => {
    const reached = await settled(engine, id, expected.state ?? 'completed')
    requireState(reached, expected)
    if (expected.notices !== undefined) expect(notices).toEqual(expected.notices)
    await requireDisk(host, reached, expected)
    requireLog(host, expected)
    return reached
  }
  const reached = await reaches(fault.expect)
  await fault.after?.({ host, engine, notices, id, download: reached, reaches })
}

function openFaultEngine(home: string, host: RangedHost, fault: Fault): Promise<Engine> {
  return openEngine(
    {
      home,
      limits: { ...LIMITS, ...fault.limits },
      reserve: { share: 0, minBytes: 0 },
      hub: host.hub,
      userAgent: 'windlass/test',
      proxy: {},
      ...ALLOWED,
      ports: { clock: systemClock, log: QUIET, random: () => 0, bootId: () => 'boot' },
      ...fault.engine,
    },
    {
      ...host.parts,
      ...(fault.http === undefined ? {} : { http: fault.http }),
      ...(fault.rangedHttp === undefined ? {} : { rangedHttp: fault.rangedHttp }),
    },
  )
}

/** Waits on events alone until the download is in the state, or in one that it will not leave. */
async function settled(engine: Engine, id: string, wanted: Download['state']): Promise<Download> {
  const ends = new Set([...SETTLED, wanted])
  const { promise, resolve } = Promise.withResolvers<void>()
  const off = engine.events.subscribe((event) => {
    if (event.type === 'download.state-changed' && ends.has(event.data.to)) resolve()
  })
  if (ends.has((await engine.downloads.find(id)).state)) resolve()
  await promise
  off()
  return await engine.downloads.find(id)
}

function requireState(download: Download, { state = 'completed', code }: FaultExpectation): void {
  const { reason } = download
  expect({ state: download.state, code: reason?.code }, reason?.message).toEqual({ state, code })
  if (reason === undefined) return
  // More than what the code says anyway: which file, host or address.
  expect(reason.message.length).toBeGreaterThan(ERROR_CODES[reason.code].message.length + 2)
  // Whoever must act is told how.
  if (ERROR_CODES[reason.code].disposition === 'blocked') expect(reason.hint).toMatch(/\w/)
}

async function requireDisk(
  host: RangedHost,
  download: Download,
  { disk }: FaultExpectation,
): Promise<void> {
  const found = await filesBelow(host.root)
  const parts = found.filter((path) => path.endsWith('.part'))
  const finals = found.filter((path) => path.endsWith(`/${host.path}`))
  if (disk === 'file' || (typeof disk === 'object' && 'fileWithFlippedBit' in disk)) {
    expect(parts).toEqual([])
    expect(finals).toEqual([join(download.result?.path ?? '', host.path)])
    const actual = await sha256File(finals[0] ?? '')
    if (disk === 'file') expect(actual).toBe(await sha256OfRandomBytes(host))
    else expect(actual).toBe(sha256OfFlipped(host, disk.fileWithFlippedBit))
    return
  }
  expect(finals).toEqual([])
  const { there, wrong } = await inspectParts(parts, host)
  expect(wrong).toBe(0)
  if (disk === 'nothing') expect(there).toBe(0)
  else expect(there).toBeGreaterThanOrEqual(disk.partAtLeast)
}

function sha256OfFlipped({ seed, sizeBytes }: RangedHost, offset: number): string {
  const bytes = withFlippedBit(createRandomBytes(seed, sizeBytes), offset)
  return createHash('sha256').update(readBytes(bytes)).digest('hex')
}

function requireLog(host: RangedHost, expected: FaultExpectation): void {
  const requests = host.requests()
  const { ranges, requestsAtMost, sentAtMost = host.sizeBytes } = expected
  if (ranges !== undefined) expect(requests.map(({ range }) => range)).toEqual(ranges)
  if (requestsAtMost !== undefined) expect(requests.length).toBeLessThanOrEqual(requestsAtMost)
  expect(sentBytes(requests)).toBeLessThanOrEqual(sentAtMost)
  // A token is for the Hub; the bytes' host must not see one.
  expect(requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([])
}

/** Of the file: what a refusal says does not count. */
function sentBytes(requests: readonly LoggedRequest[]): number {
  const answered = requests.filter(({ status }) => status === 200 || status === 206)
  return answered.reduce((sum, { bytesSent }) => sum + bytesSent, 0)
}

async function filesBelow(folder: string): Promise<string[]> {
  const reading = readdir(folder, { recursive: true, withFileTypes: true })
  const entries = await reading.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [] // a download that got nowhere makes no folder
    throw error
  })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** How many right bytes the unfinished files hold, and how many that are neither right nor a hole. */
async function inspectParts(parts: readonly string[], host: RangedHost) {
  let there = 0
  let wrong = 0
  for (const path of parts) {
    await using file = await open(path)
    const { size } = await stat(path)
    if (size > host.sizeBytes) wrong += size - host.sizeBytes
    let position = 0
    for (const chunk of createRandomBytes(host.seed, host.sizeBytes).read(0, size)) {
      const actual = Buffer.alloc(chunk.length)
      const { bytesRead } = await file.read(actual, 0, chunk.length, position)
      position += chunk.length
      for (let at = 0; at < bytesRead; at++) {
        if (actual[at] === chunk[at]) there++
        else if (actual[at] !== 0) wrong++
      }
    }
  }
  return { there, wrong }
}
