import { setTimeout as delay } from 'node:timers/promises'
import {
  createFaultRules,
  createRandomBytes,
  type FaultRule,
  fileReply,
  type Listener,
  type LoggedRequest,
  type Reply,
  type SeenRequest,
  startListener,
  type TempDir,
  tempDir,
  textReply,
  type VirtualBytes,
} from '@windlass/testkit'
import { createHttpClient } from '../../net/create-http-client.ts'
import { LOOPBACK } from '../../net/egress/loopback-fixture.ts'
import type { Logger } from '../../ports.ts'
import { type Clock, systemClock } from '../../runtime/clock.ts'
import type { Notice, RemoteFile } from '../../sources/source.ts'
import type { StagedFile } from '../../stores/store.ts'
import type { Carrier, TransferRequest } from '../carrier.ts'
import { createRangedHttpCarrier } from './create-ranged-http-carrier.ts'

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** A lasting host that redirects to signed links on a second one, and a carrier that fetches from them. */
export interface CarrierFixture extends AsyncDisposable {
  readonly dir: TempDir
  readonly carrier: Carrier
  readonly bytes: VirtualBytes
  readonly staged: StagedFile
  readonly log: LoggedRequest[]
  readonly notices: Notice[]
  /** What was reported, in order. */
  readonly progress: number[]
  readonly frontiers: number[]
  /** Makes the answers of a host (`hub` or `cdn`) wrong. */
  fault(rule: FaultRule): void
  heal(): void
  /** No link that was given out so far is accepted any more. */
  expireLinks(): void
  /** Ranges that a host was asked for, in order. */
  asked(role: 'hub' | 'cdn'): (string | undefined)[]
  transfer(changes?: Partial<TransferRequest>, signal?: AbortSignal): Promise<{ sizeBytes: number }>
  /** A file description of `bytes`. */
  file(changes?: Partial<RemoteFile>): RemoteFile
  readonly hubUrl: string
}

export interface FixtureOptions {
  readonly sizeBytes: number
  readonly etag?: string
  readonly bodyTimeoutMs?: number
  /** The lasting address answers with the bytes itself. */
  readonly direct?: boolean
  readonly clock?: Clock
}

export async function openCarrierFixture(options: FixtureOptions): Promise<CarrierFixture> {
  const dir = await tempDir()
  const bytes = createRandomBytes('carrier', options.sizeBytes)
  const rules = createFaultRules()
  const log: LoggedRequest[] = []
  let generation = 1
  const etag = options.etag === undefined ? {} : { ETag: options.etag }
  const serveFile = (request: SeenRequest): Reply => fileReply(request, bytes, etag)
  const cdn = await startListener({
    role: 'cdn',
    host: '127.0.0.1',
    port: 0,
    rules,
    log,
    route: (request) =>
      request.query.get('link') === String(generation)
        ? serveFile(request)
        : textReply(403, 'Request has expired'),
  })
  const hub: Listener = await startListener({
    role: 'hub',
    host: '127.0.0.1',
    port: 0,
    rules,
    log,
    route: (request) =>
      options.direct === true
        ? serveFile(request)
        : textReply(302, '', { Location: `${cdn.url}/blob?link=${generation}` }),
  })
  const http = createHttpClient({
    clock: systemClock,
    userAgent: 'test',
    proxy: {},
    egress: LOOPBACK,
    timeouts: { bodyMs: options.bodyTimeoutMs ?? 30_000 },
  })
  const carrier = createRangedHttpCarrier({
    http,
    clock: options.clock ?? systemClock,
    log: SILENT,
    bootId: () => 'boot',
  })
  const staged = { partPath: dir.join('file.part'), journalPath: dir.join('file.journal') }
  const notices: Notice[] = []
  const progress: number[] = []
  const frontiers: number[] = []
  const file = (changes: Partial<RemoteFile> = {}): RemoteFile => ({
    path: 'model.bin',
    sizeBytes: options.sizeBytes,
    digest: null,
    validator: options.etag ?? null,
    ...changes,
  })
  return {
    dir,
    carrier,
    bytes,
    staged,
    log,
    notices,
    progress,
    frontiers,
    hubUrl: hub.url,
    file,
    fault: (rule) => void rules.add(rule),
    heal: () => rules.clear(),
    expireLinks() {
      generation += 1
    },
    asked: (role) => log.filter((entry) => entry.role === role).map((entry) => entry.range),
    transfer: (changes = {}, signal = new AbortController().signal) =>
      carrier.transfer(
        {
          file: file(),
          identity: 'model.bin v1',
          staged,
          locate: async () => ({
            url: new URL(`${hub.url}/model.bin`),
            headers: {},
            credentials: [],
            judge() {},
          }),
          bypassCaches: false,
          onProgress: (received) => progress.push(received),
          onFrontier: (contiguous) => frontiers.push(contiguous),
          onNotice: (notice) => notices.push(notice),
          ...changes,
        },
        { signal },
      ),
    async [Symbol.asyncDispose]() {
      await http.close()
      await Promise.all([hub.close(), cdn.close()])
      await dir.remove()
    },
  }
}

/** A clock on which everything takes a tenth of the time. */
export const quickClock: Clock = {
  now: () => systemClock.now() * 10,
  monotonicMs: () => systemClock.monotonicMs() * 10,
  sleep: (ms, options) => systemClock.sleep(ms / 10, options),
  every: (ms, tick) => systemClock.every(ms / 10, tick),
}

/** Waits for what is about to happen; fails the test by its own time limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(2)
}
