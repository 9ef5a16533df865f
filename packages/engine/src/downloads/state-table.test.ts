import { DOWNLOAD_ACTIONS, DOWNLOAD_STATES } from '@windlass/contract'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  actionsIn,
  advance,
  isSettled,
  nextState,
  RUNNING_STATES,
  statesThatAllow,
  TRANSITIONS,
  type Trigger,
} from './state-table.ts'

const triggers = [
  ...new Set(Object.values(TRANSITIONS).flatMap((row) => Object.keys(row))),
] as Trigger[]

it('never leads to a state that is not in the table', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...DOWNLOAD_STATES),
      fc.array(fc.constantFrom(...triggers), { maxLength: 30 }),
      (start, path) => {
        let state = start
        for (const trigger of path) {
          const next = nextState(state, trigger)
          if (next === undefined) expect(() => advance(state, trigger)).toThrow()
          else if (next === null) return
          else state = next
          expect(DOWNLOAD_STATES).toContain(state)
        }
      },
    ),
  )
})

it('lets a person cancel whatever is not settled, and pause whatever is not paused', () => {
  for (const state of DOWNLOAD_STATES) {
    if (isSettled(state) && state !== 'failed' && state !== 'paused') continue
    expect(actionsIn(state), state).toContain('cancel')
    if (!isSettled(state)) expect(actionsIn(state), state).toContain('pause')
  }
})

it('calls settled exactly what only a person can move', () => {
  expect(DOWNLOAD_STATES.filter(isSettled)).toEqual(['paused', 'completed', 'failed', 'cancelled'])
  expect(RUNNING_STATES).toEqual(['resolving', 'downloading', 'verifying'])
})

it('answers the same from both sides', () => {
  for (const action of DOWNLOAD_ACTIONS) {
    for (const state of DOWNLOAD_STATES) {
      expect(statesThatAllow(action).includes(state)).toBe(actionsIn(state).includes(action))
    }
  }
})

it('says in the error what cannot be done to what', () => {
  expect(() => advance('completed', 'pause')).toThrow('cannot pause a completed download')
})
