import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Model } from './model.fixture.ts'
import { type Step, steps, stories } from './stories.test-suite.ts'
import { World } from './world.fixture.ts'

/*
 * What people do to downloads, and what happens to them meanwhile, in random order: the
 * engine and a model of what people may count on must agree after every step. Scheduler,
 * ledger, recovery and database are the real ones. All 2,000 stories:
 * WINDLASS_TEST_SHARE=all npm test -- --project unit truth
 */

const STORIES = process.env['WINDLASS_TEST_SHARE'] === 'all' ? 2_000 : 300
const seed = process.env['WINDLASS_TEST_SEED']

const { act, advance, create, createAll, deliver, disk, network, race, setLimits } = steps
/** A little later than the start, so that nothing happens in the same moment as a heartbeat. */
async function begin(world: World): Promise<{ model: Model; real: World }> {
  await world.clock.advance(7)
  return { model: new Model(world.clock.monotonicMs(), world.openedAtMs), real: world }
}

const C = 2 // of three pieces
const MANY = 100 // 12.5 s

/** Each of these was told apart from what people may count on before it was mended. */
const TOLD_BEFORE: Readonly<Record<string, readonly Step[]>> = {
  'pauses once': [create(C, undefined, false), act('pause', 0), act('pause', 0)],
  'pauses once, however quickly it is told twice': [
    create(C, undefined, false),
    race(['pause', 'pause'], 0),
  ],
  'gives free slots to those that are first in line, not to those that wake first': [
    network(false),
    create(0, undefined, false),
    create(1, undefined, false),
    create(2, undefined, false),
    network(true),
    advance(40),
  ],
  'lets those with room for them wake together with those whose time has come': [
    disk(true),
    create(0, undefined, false),
    disk(false),
    network(false),
    create(1, undefined, false),
    setLimits(1, 0),
    create(2, undefined, false),
    advance(MANY),
  ],
  'forgets the failures before the host said what there is': [
    network(false),
    create(C, undefined, false),
    advance(9),
    advance(9),
    network(true),
    advance(40),
    network(false),
    ...Array.from({ length: 12 }, () => advance(9)),
  ],
  'forgets the failures before bytes came, when the disk is full then': [
    create(C, undefined, false),
    network(false),
    advance(9),
    advance(9),
    network(true),
    advance(40),
    deliver(0),
    disk(true),
    deliver(0),
    network(false),
    disk(false),
    ...Array.from({ length: 20 }, () => advance(9)),
  ],
  'takes no more into the queue than it has room for, however many ask at once': [
    setLimits(1, 2),
    createAll([0, 1, 2, 3, 4]),
    act('cancel', 0),
    createAll([3, 4]),
  ],
  'leaves one that was cancelled paused when it is asked for so': [
    create(C, undefined, false),
    deliver(0),
    act('cancel', 0),
    create(C, 1, true),
    act('resume', 0),
  ],
  'leaves one that failed paused when it is asked for so': [
    network(false),
    create(C, undefined, false),
    ...Array.from({ length: 12 }, () => advance(9)),
    advance(MANY),
    create(C, undefined, true),
    network(true),
    advance(9),
    act('resume', 0),
  ],
  'lets nobody back into a full queue': [
    setLimits(1, 0),
    create(0, undefined, false),
    act('cancel', 0),
    create(1, undefined, false),
    act('retry', 0),
    create(0, 1, false),
    act('pause', 1),
    create(2, undefined, false),
    act('resume', 1),
    act('cancel', 2),
    act('resume', 1),
  ],
}

it.for(Object.entries(TOLD_BEFORE))('%s', async ([, story]) => {
  const world = await World.create()
  try {
    await fc.asyncModelRun(() => begin(world), story)
  } finally {
    await world.close()
  }
})

it('does what the model says, whatever happens', { timeout: 600_000 }, async () => {
  let steps = 0
  await fc.assert(
    fc.asyncProperty(stories, async (story) => {
      const world = await World.create()
      try {
        await fc.asyncModelRun(() => begin(world), story)
        steps += [...story].length
      } finally {
        await world.close()
      }
    }),
    { numRuns: STORIES, ...(seed === undefined ? {} : { seed: Number(seed) }) },
  )
  expect(steps).toBeGreaterThan(STORIES)
})
