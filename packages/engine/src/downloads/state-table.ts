import type { DownloadAction, DownloadState } from '@windlass/contract'
import { WindlassError } from '../errors/windlass-error.ts'

/**
 * The life of one download. Read the table as sentences: "a `downloading` download
 * that is told to `pause` becomes `paused`". Anything not written here is illegal.
 */
export const TRANSITIONS = {
  queued: { start: 'resolving', pause: 'paused', cancel: 'cancelled', move: 'queued' },
  resolving: {
    resolved: 'downloading',
    backOff: 'waiting',
    block: 'blocked',
    fail: 'failed',
    recover: 'queued',
    pause: 'paused',
    cancel: 'cancelled',
  },
  downloading: {
    received: 'verifying',
    backOff: 'waiting',
    block: 'blocked',
    fail: 'failed',
    recover: 'queued',
    pause: 'paused',
    cancel: 'cancelled',
  },
  verifying: {
    verified: 'completed',
    refetch: 'downloading',
    backOff: 'waiting',
    block: 'blocked',
    fail: 'failed',
    recover: 'queued',
    pause: 'paused',
    cancel: 'cancelled',
  },
  waiting: {
    wake: 'queued',
    resume: 'queued',
    pause: 'paused',
    cancel: 'cancelled',
    move: 'waiting',
  },
  blocked: {
    wake: 'queued',
    resume: 'queued',
    pause: 'paused',
    cancel: 'cancelled',
    move: 'blocked',
  },
  paused: { resume: 'queued', cancel: 'cancelled', move: 'paused' },
  failed: { retry: 'queued', cancel: 'cancelled', forget: null },
  cancelled: { retry: 'queued', forget: null },
  completed: { forget: null },
} as const satisfies Record<DownloadState, Record<string, DownloadState | null>>

type TriggerOf<S extends DownloadState> = keyof (typeof TRANSITIONS)[S]
export type Trigger = { [S in DownloadState]: TriggerOf<S> }[DownloadState]

const PERSONAL: ReadonlySet<Trigger> = new Set<DownloadAction>([
  'pause',
  'resume',
  'cancel',
  'retry',
  'forget',
  'move',
])

/** What follows: a state, null when the download is gone, undefined when the trigger means nothing here. */
export function nextState(
  state: DownloadState,
  trigger: Trigger,
): DownloadState | null | undefined {
  const row: Partial<Record<Trigger, DownloadState | null>> = TRANSITIONS[state]
  return row[trigger]
}

/**
 * Like {@link nextState}, for callers to whom an illegal trigger is the person's mistake.
 * @throws WindlassError INVALID_STATE
 */
export function advance(state: DownloadState, trigger: Trigger): DownloadState | null {
  const next = nextState(state, trigger)
  if (next !== undefined) return next
  throw new WindlassError('INVALID_STATE', {
    detail: `cannot ${trigger} a ${state} download`,
    facts: { state, trigger },
  })
}

/** What a person may do now. Derived from the table, never listed. */
export function actionsIn(state: DownloadState): DownloadAction[] {
  const triggers = Object.keys(TRANSITIONS[state]) as Trigger[]
  return triggers.filter((trigger): trigger is DownloadAction => PERSONAL.has(trigger))
}

/** States in which an action is legal. */
export function statesThatAllow(action: DownloadAction): DownloadState[] {
  const states = Object.keys(TRANSITIONS) as DownloadState[]
  return states.filter((state) => nextState(state, action) !== undefined)
}

/** A state is settled when only a person can move it on. */
export function isSettled(state: DownloadState): boolean {
  return (Object.keys(TRANSITIONS[state]) as Trigger[]).every((trigger) => PERSONAL.has(trigger))
}

/** States in which a runner is at work; found at start, they were cut off. */
export const RUNNING_STATES = (Object.keys(TRANSITIONS) as DownloadState[]).filter(
  (state) => nextState(state, 'recover') !== undefined,
)
