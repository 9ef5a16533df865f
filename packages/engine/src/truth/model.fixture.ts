import type { DownloadState, MoveTarget } from '@windlass/contract'
import { CHANCE, PIECE, piecesOf } from './world.fixture.ts'

const ATTEMPTS = 5
const BEAT_MS = 500
const SPACE_CHECK_MS = 5_000
/** What each state lets a person do, written down a second time and by hand. */
const ALLOWED: Readonly<Record<string, readonly DownloadState[]>> = {
  pause: ['queued', 'downloading', 'waiting', 'blocked'],
  resume: ['waiting', 'blocked', 'paused'],
  cancel: ['queued', 'downloading', 'waiting', 'blocked', 'paused', 'failed'],
  retry: ['failed', 'cancelled'],
  forget: ['completed', 'failed', 'cancelled'],
  move: ['queued', 'waiting', 'blocked', 'paused'],
}

export type PlainAction = 'pause' | 'resume' | 'cancel' | 'retry' | 'forget'
export type Answer = 'ok' | 'INVALID_STATE' | 'DOWNLOAD_NOT_FOUND' | 'QUEUE_FULL'

export interface Job {
  readonly id: string
  readonly ref: string
  state: DownloadState
  priority: number
  interrupted: boolean
  isResolved: boolean
  /** Null when there is no staging. */
  bytes: number | null
  /** As they are written down. */
  attempts: number
  retryAt: number | null
  /** Of the run: its failures in a row, and when it tries again; null while a transfer is open. */
  run: { attempts: number; triesAt: number | null; gained: boolean } | null
}

/** What people may count on, as a list of jobs and plain rules: no database, no promises, no engine. */
export class Model {
  /** In the order of the queue, whatever their state. */
  jobs: Job[] = []
  /** In the order in which they came. */
  readonly arrivals: string[] = []
  readonly published = new Set<string>()
  /** How often the process died. */
  deaths = 0
  isNetworkUp = true
  isDiskFull = false
  maxActive = 2
  maxQueued = 4
  nowMs: number
  #openedAtMs: number
  #nextSpaceCheckMs = 0

  /** Both on the monotonic clock. */
  constructor(nowMs: number, openedAtMs: number) {
    this.nowMs = nowMs
    this.#openedAtMs = openedAtMs
  }

  find(id: string): Job | undefined {
    return this.jobs.find((job) => job.id === id)
  }

  /** Job that a request for this ref means; undefined for a new one. */
  jobFor(ref: string): Job | undefined {
    const id = this.arrivals.findLast((each) => this.find(each)?.ref === ref)
    const job = id === undefined ? undefined : this.find(id)
    return job?.state === 'completed' && !this.published.has(ref) ? undefined : job
  }

  get isFull(): boolean {
    const queued = this.jobs.filter(({ state }) => state === 'queued').length
    if (this.maxQueued > 0) return queued >= this.maxQueued
    return this.#running().length >= this.maxActive || queued > 0
  }

  add(id: string, ref: string, options: { priority: number; paused: boolean }): void {
    this.arrivals.push(id)
    this.jobs.push({
      id,
      ref,
      state: options.paused ? 'paused' : 'queued',
      priority: options.priority,
      interrupted: false,
      isResolved: false,
      bytes: null,
      attempts: 0,
      retryAt: null,
      run: null,
    })
    this.#fill()
  }

  /** The same request once more: one that was given up is tried again, another one stays. */
  askAgain(
    known: Job | undefined,
    { priority, paused }: { readonly priority?: number; readonly paused: boolean },
  ): Answer {
    if (known === undefined) return 'QUEUE_FULL'
    if (known.state === 'completed') return 'ok'
    const isOver = known.state === 'failed' || known.state === 'cancelled'
    if (isOver && this.isFull) return 'QUEUE_FULL'
    if (priority !== undefined) known.priority = priority
    if (isOver && paused) {
      this.#renew(known, 'paused')
      return 'ok'
    }
    return isOver ? this.act('retry', known.id) : 'ok'
  }

  answerTo(action: PlainAction | 'move', id: string): Answer {
    const job = this.find(id)
    if (job === undefined) return 'DOWNLOAD_NOT_FOUND'
    return ALLOWED[action]?.includes(job.state) ? 'ok' : 'INVALID_STATE'
  }

  act(action: PlainAction, id: string): Answer {
    const answer = this.answerTo(action, id)
    const job = this.find(id)
    if (answer !== 'ok' || job === undefined) return answer
    const isRest = ['paused', 'failed', 'cancelled'].includes(job.state)
    if ((action === 'resume' || action === 'retry') && isRest && this.isFull) return 'QUEUE_FULL'
    if (action === 'pause') this.#stop(job, 'paused')
    if (action === 'cancel') {
      this.#stop(job, 'cancelled')
      job.bytes = null
    }
    if (action === 'forget') this.jobs = this.jobs.filter((each) => each !== job)
    if (action === 'resume' || action === 'retry') {
      this.#renew(job, 'queued')
    }
    this.#fill()
    return answer
  }

  move(id: string, target: MoveTarget): Answer {
    const answer = this.answerTo('move', id)
    const job = this.find(id)
    if (answer !== 'ok' || job === undefined) return answer
    if ('priority' in target) {
      job.priority = target.priority
      return answer
    }
    const queue = this.#inOrder(ALLOWED['move'] ?? [])
    const others = queue.filter((each) => each !== job)
    let place = others.length
    if ('before' in target) {
      if (target.before === id) return answer
      const other = this.answerTo('move', target.before)
      if (other !== 'ok') return other
      place = others.findIndex((each) => each.id === target.before)
    } else if (target.to === 'first') place = 0
    const neighbour = others[place] ?? others.at(-1)
    if (neighbour === undefined || queue.indexOf(job) === place) return answer
    const { priority, interrupted } = neighbour
    Object.assign(job, { priority, interrupted })
    const rest = this.jobs.filter((each) => each !== job)
    const end = 'to' in target && target.to === 'first' ? 0 : rest.length
    const at = 'before' in target ? rest.indexOf(neighbour) : end
    this.jobs = rest.toSpliced(at, 0, job)
    return answer
  }

  setLimits(maxActive: number, maxQueued: number): void {
    this.maxActive = maxActive
    this.maxQueued = maxQueued
    this.#fill()
  }

  /** Downloads whose transfer waits for a piece. */
  receiving(): Job[] {
    return this.#running().filter(({ run }) => run?.triesAt === null)
  }

  deliver(id: string): void {
    const job = this.find(id)
    if (job?.run == null) return
    if (this.isDiskFull) {
      job.attempts = job.run.gained ? 0 : job.run.attempts
      this.#stop(job, 'blocked')
      this.#fill()
      return
    }
    job.bytes = (job.bytes ?? 0) + PIECE
    job.run.gained = true
    if (job.bytes < piecesOf(job.ref) * PIECE) return
    this.published.add(job.ref)
    this.#complete(job)
    this.#fill()
  }

  setNetwork(isUp: boolean): void {
    this.isNetworkUp = isUp
    if (!isUp) for (const job of this.receiving()) this.#failAttempt(job)
    this.#fill()
  }

  /** What was at work when the process ended goes on before all others. */
  reopen(openedAtMs: number): void {
    this.#openedAtMs = openedAtMs
    this.#nextSpaceCheckMs = 0
    for (const job of this.#running()) {
      Object.assign(job, { state: 'queued', interrupted: true, run: null })
    }
    this.#fill()
  }

  advance(ms: number): void {
    const end = this.nowMs + ms
    for (let next = this.#nextDue(end); next !== null; next = this.#nextDue(end)) {
      this.nowMs = next
      for (const job of this.#running()) {
        if (job.run?.triesAt === next) this.#connect(job)
      }
      this.#fill()
      if ((next - this.#openedAtMs) % BEAT_MS === 0) this.#beat()
    }
    this.nowMs = end
  }

  /** Those that wait for a slot, next one first. */
  queue(): string[] {
    return this.#inOrder(['queued']).map(({ id }) => id)
  }

  #nextDue(end: number): number | null {
    const sinceOpened = this.nowMs - this.#openedAtMs
    const beat = this.#openedAtMs + (Math.floor(sinceOpened / BEAT_MS) + 1) * BEAT_MS
    const tries = this.#running().flatMap(({ run }) => run?.triesAt ?? [])
    const due = Math.min(beat, ...tries.filter((at) => at > this.nowMs))
    return due <= end ? due : null
  }

  #beat(): void {
    for (const job of this.jobs) {
      if (job.state === 'waiting' && (job.retryAt ?? 0) <= this.nowMs) {
        Object.assign(job, { state: 'queued', retryAt: null })
      }
    }
    if (this.nowMs >= this.#nextSpaceCheckMs) {
      this.#nextSpaceCheckMs = this.nowMs + SPACE_CHECK_MS
      if (!this.isDiskFull) {
        for (const job of this.jobs) if (job.state === 'blocked') job.state = 'queued'
      }
    }
    this.#fill()
  }

  #running(): Job[] {
    return this.jobs.filter(({ state }) => state === 'downloading')
  }

  #inOrder(states: readonly DownloadState[]): Job[] {
    return this.jobs
      .filter(({ state }) => states.includes(state))
      .sort((a, b) => Number(b.interrupted) - Number(a.interrupted) || b.priority - a.priority)
  }

  #fill(): void {
    for (;;) {
      const [next] = this.#inOrder(['queued'])
      if (next === undefined || this.#running().length >= this.maxActive) return
      this.#start(next)
    }
  }

  #start(job: Job): void {
    job.interrupted = false
    if (!job.isResolved && !this.isNetworkUp) {
      this.#backOff(job)
      return
    }
    if (!job.isResolved) Object.assign(job, { isResolved: true, attempts: 0 })
    const isThere = this.published.has(job.ref)
    if (!isThere && this.isDiskFull && (job.bytes ?? 0) < piecesOf(job.ref) * PIECE) {
      job.state = 'blocked'
      return
    }
    job.state = 'downloading'
    if (isThere) {
      this.#complete(job)
      return
    }
    job.bytes ??= 0
    job.run = { attempts: job.attempts, triesAt: null, gained: false }
    this.#connect(job)
  }

  /** Asked for what the ref stands for, and got no answer. */
  #backOff(job: Job): void {
    job.attempts++
    const isSpent = job.attempts >= ATTEMPTS
    job.state = isSpent ? 'failed' : 'waiting'
    job.retryAt = isSpent ? null : this.nowMs + pauseMs(job.attempts)
  }

  #connect(job: Job): void {
    if (job.run === null) return
    Object.assign(job.run, { triesAt: null, gained: false })
    if (!this.isNetworkUp) this.#failAttempt(job)
  }

  #failAttempt(job: Job): void {
    if (job.run === null) return
    job.run.attempts = job.run.gained ? 0 : job.run.attempts + 1
    if (job.run.attempts >= ATTEMPTS) {
      job.attempts = job.run.attempts
      this.#stop(job, 'failed')
    } else job.run.triesAt = this.nowMs + pauseMs(job.run.attempts)
  }

  #complete(job: Job): void {
    this.#stop(job, 'completed')
    Object.assign(job, { attempts: 0, bytes: null })
  }

  /** Nothing counts that went wrong before; one that was cancelled begins from nothing. */
  #renew(job: Job, state: 'queued' | 'paused'): void {
    if (job.state === 'cancelled') job.isResolved = false
    Object.assign(job, { state, attempts: 0, retryAt: null, interrupted: false })
  }

  #stop(job: Job, state: DownloadState): void {
    Object.assign(job, { state, run: null, retryAt: null })
  }
}

/** A share of the longest pause: chance always says so here. */
function pauseMs(attempt: number): number {
  const longest = attempt === 0 ? 250 : Math.min(60_000, 1_000 * 2 ** (attempt - 1))
  return Math.ceil(CHANCE * longest)
}
