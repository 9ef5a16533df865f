import type { Download } from '@windlass/contract'
import type { DownloadRepository } from '../database/download-repository.ts'
import type { IdempotencyRepository } from '../database/idempotency-repository.ts'
import type { QueueRepository } from '../database/queue-repository.ts'
import type { Downloads } from '../engine.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import type { Clock } from '../runtime/clock.ts'
import { type CreateDeps, createDownload, parseRequest } from './create-download.ts'
import { createOnce, type KeepKey } from './create-once.ts'
import { describe, summarize } from './describe-download.ts'
import { type ActionDeps, DownloadActions } from './download-actions.ts'
import type { DownloadRecord } from './download-record.ts'
import { KeyedMutex } from './keyed-mutex.ts'
import { type PlanDeps, planDownload } from './plan-download.ts'
import type { Scheduler } from './scheduler.ts'
import { RUNNING_STATES, statesThatAllow } from './state-table.ts'

export type DownloadsDeps = Omit<CreateDeps & ActionDeps & PlanDeps, 'describe' | 'retry'> & {
  readonly queue: QueueRepository
  readonly keys: IdempotencyRepository
}

/** The person's side of the queue: everything the faces can ask for. */
export function openDownloads(parts: DownloadsDeps): Downloads {
  const { downloads, queue, scheduler, clock } = parts
  const describeRecord = (record: DownloadRecord) => withFiles(record, parts)
  const actions = new DownloadActions({ ...parts, describe: describeRecord })
  const jobs = new KeyedMutex()
  const keys = new KeyedMutex()

  return {
    create(request, { idempotencyKey } = {}) {
      // Equal requests at the same moment must find the first one's job.
      const { jobKey } = parseRequest(request, parts.sources)
      const deps = { ...parts, describe: describeRecord, retry: actions.retry.bind(actions) }
      const make = (keep?: KeepKey) => jobs.run(jobKey, () => createDownload(request, deps, keep))
      if (idempotencyKey === undefined) return make()
      const sent = { key: idempotencyKey, request }
      return keys.run(idempotencyKey, () => createOnce(sent, deps, make))
    },
    plan: (request, options) => planDownload(request, parts, options),
    async find(id) {
      const record = await downloads.find(id)
      if (record === null) throw new WindlassError('DOWNLOAD_NOT_FOUND', { detail: id })
      return await describeRecord(record)
    },
    async list({ state, source, q, limit, cursor }) {
      const records = await downloads.list({
        limit: limit + 1,
        ...(state === undefined ? {} : { states: [state] }),
        ...(source === undefined ? {} : { source }),
        ...(q === undefined ? {} : { text: q }),
        ...(cursor === undefined ? {} : { afterPosition: positionOf(cursor) }),
      })
      const page = records.slice(0, limit)
      const more = records.length > limit
      const places = await queue.places(page.filter(isQueued).map(({ id }) => id))
      return {
        items: page.map((record) =>
          summarize(record, scheduler.live(record.id), clock.now(), places.get(record.id)),
        ),
        nextCursor: more ? String(page.at(-1)?.position) : null,
      }
    },
    async idsThatAllow(action) {
      // Those that wait come first: a slot freed by the others must not start one of them.
      const states = statesThatAllow(action)
      const running = RUNNING_STATES.filter((state) => states.includes(state))
      const idle = states.filter((state) => !running.includes(state))
      return [...(await downloads.idsIn(idle)), ...(await downloads.idsIn(running))]
    },
    async idsOfRef(request, action) {
      const { ref } = parseRequest(request, parts.sources)
      const states = statesThatAllow(action)
      const limit = await downloads.count(states)
      const records = await downloads.list({ states, source: ref.source, limit })
      return records.filter((one) => one.ref.canonical === ref.canonical).map(({ id }) => id)
    },
    pause: (id) => actions.pause(id),
    resume: (id) => actions.resume(id),
    cancel: (id) => actions.cancel(id),
    retry: (id) => actions.retry(id),
    move: (id, target) => actions.move(id, target),
    forget: (id) => actions.forget(id),
  }
}

async function withFiles(
  record: DownloadRecord,
  parts: {
    readonly downloads: DownloadRepository
    readonly queue: QueueRepository
    readonly scheduler: Scheduler
    readonly clock: Clock
  },
): Promise<Download> {
  const { downloads, queue, scheduler, clock } = parts
  const resolution = await downloads.resolution(record.id)
  const files = await downloads.fileSnapshot(record.id)
  const place = isQueued(record) ? await queue.place(record) : undefined
  const known = { resolution, files, place }
  return describe(record, scheduler.live(record.id), clock.now(), known)
}

function isQueued({ state }: DownloadRecord): boolean {
  return state === 'queued'
}

function positionOf(cursor: string): number {
  const position = Number(cursor)
  if (Number.isSafeInteger(position) && position >= 0) return position
  throw new WindlassError('BAD_REQUEST', { detail: 'the cursor is not one of ours' })
}
