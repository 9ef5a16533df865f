import type { MoveTarget } from '@windlass/contract'
import fc from 'fast-check'
import { isWindlassError } from '../errors/windlass-error.ts'
import { compare, syncRuns } from './compare.fixture.ts'
import type { Answer, Model, PlainAction } from './model.fixture.ts'
import type { World } from './world.fixture.ts'

export type Step = fc.AsyncCommand<Model, World>

const REFS = ['fake:a:1', 'fake:b:2', 'fake:c:3', 'fake:d:2', 'fake:e:4']
const ACTIONS = ['pause', 'resume', 'cancel', 'retry', 'forget'] as const

/** From ten on, a download that never got a byte is quarantined (P10), which the model does not know. */
const MOST_DEATHS = 9

/**
 * Something that happens to both; then everything that can be seen must be equal.
 * @param deaths how often the process dies in it
 */
function step(
  name: string,
  run: (model: Model, world: World) => Promise<void>,
  deaths: number = 0,
): Step {
  return {
    check: (model) => model.deaths + deaths <= MOST_DEATHS,
    async run(model, world) {
      model.deaths += deaths
      await run(model, world)
      await world.settle()
      await compare(model, world, name)
    },
    toString: () => name,
  }
}

/** The id of one of all downloads that ever were, forgotten ones too. */
function pick(model: Model, index: number): string {
  const { arrivals } = model
  return arrivals.length === 0 ? 'nobody' : (arrivals[index % arrivals.length] ?? 'nobody')
}

async function answerOf(work: Promise<unknown>): Promise<Answer | string> {
  try {
    await work
    return 'ok'
  } catch (error) {
    if (isWindlassError(error)) return error.code
    throw error
  }
}

function expectAnswer(world: World, name: string, got: string, wanted: string): void {
  if (got !== wanted) world.faults.push(`${name}: answered ${got} in place of ${wanted}`)
}

function create(refIndex: number, priority: number | undefined, paused: boolean): Step {
  const ref = REFS[refIndex % REFS.length] ?? ''
  return step(`create ${ref} ${priority ?? ''} ${paused}`, async (model, world) => {
    const known = model.jobFor(ref)
    const request = { ref, paused, ...(priority === undefined ? {} : { priority }) }
    if (known === undefined && !model.isFull) {
      world.expectNewId()
      const { download, created } = await world.engine.downloads.create(request)
      if (!created) world.faults.push(`create ${ref}: found one that should not be there`)
      model.add(download.id, ref, { priority: priority ?? 0, paused })
      return
    }
    const got = await answerOf(world.engine.downloads.create(request))
    expectAnswer(world, `create ${ref}`, got, model.askAgain(known, request))
  })
}

/** Different refs, all asked for before the first is answered: the queue takes what it has room for. */
function createAll(refIndices: readonly number[]): Step {
  const refs = [...new Set(refIndices.map((each) => REFS[each % REFS.length] ?? ''))]
  return step(`create at once ${refs}`, async (model, world) => {
    // What a start meets with may free a slot before the next one is looked at.
    const isCertain = model.isNetworkUp && !model.isDiskFull
    if (!isCertain || model.queue().some((id) => model.published.has(model.find(id)?.ref ?? ''))) {
      return
    }
    // One that was there before may take longer to be looked at.
    const unknown = refs.filter(
      (ref) => !model.published.has(ref) && !model.jobs.some((job) => job.ref === ref),
    )
    for (const _ of unknown) world.expectNewId()
    const asked = unknown.map((ref) => world.engine.downloads.create({ ref }))
    for (const [at, outcome] of (await Promise.allSettled(asked)).entries()) {
      const ref = unknown[at] ?? ''
      const wanted = model.isFull ? 'QUEUE_FULL' : 'ok'
      const got = outcome.status === 'fulfilled' ? 'ok' : String(outcome.reason.code)
      expectAnswer(world, `create at once ${ref}`, got, wanted)
      if (outcome.status === 'rejected') continue
      model.add(outcome.value.download.id, ref, { priority: 0, paused: false })
    }
  })
}

function act(action: PlainAction, index: number): Step {
  return step(`${action} ${index}`, async (model, world) => {
    const id = pick(model, index)
    const got = await answerOf(world.engine.downloads[action](id))
    expectAnswer(world, `${action} ${id}`, got, model.act(action, id))
  })
}

/**
 * What is asked for quickly may find a download that just starts, or who else got its slot: then
 * more than one answer is right. Here nothing but the person's will decides.
 */
function isCalm(model: Model, id: string): boolean {
  const { isNetworkUp, isDiskFull, published } = model
  const isAlone = model.queue().every((each) => each === id)
  return isNetworkUp && !isDiskFull && isAlone && !published.has(model.find(id)?.ref ?? '')
}

/** All are asked for before the first is done: the last one wins. */
function race(actions: readonly PlainAction[], index: number): Step {
  return step(`race ${actions} ${index}`, async (model, world) => {
    const id = pick(model, index)
    if (!isCalm(model, id)) return
    const asked = actions.map((action) => answerOf(world.engine.downloads[action](id)))
    const got = await Promise.all(asked)
    const wanted = actions.map((action) => model.act(action, id))
    expectAnswer(world, `race ${actions} ${id}`, got.join(), wanted.join())
    await world.settle()
    // Whether a start in between got as far as its host is left open.
    await syncRuns(model, world)
  })
}

function move(index: number, target: MoveTarget, otherIndex: number): Step {
  return step(`move ${index} ${JSON.stringify(target)} ${otherIndex}`, async (model, world) => {
    const id = pick(model, index)
    const where = 'before' in target ? { before: pick(model, otherIndex) } : target
    const got = await answerOf(world.engine.downloads.move(id, where))
    expectAnswer(world, `move ${id} ${JSON.stringify(where)}`, got, model.move(id, where))
  })
}

function setLimits(maxActive: number, maxQueued: number): Step {
  return step(`limits ${maxActive} ${maxQueued}`, async (model, world) => {
    await world.engine.limits.change({ maxActive, maxQueued })
    model.setLimits(maxActive, maxQueued)
  })
}

function deliver(index: number): Step {
  return step(`deliver ${index}`, async (model, world) => {
    const receiving = model.receiving()
    const job = receiving[index % Math.max(1, receiving.length)]
    if (job === undefined) return
    const transfer = world.transfers.get(job.id)
    if (transfer === undefined) world.faults.push(`nobody receives ${job.id}`)
    transfer?.deliver()
    model.deliver(job.id)
  })
}

function network(isUp: boolean): Step {
  return step(`network ${isUp ? 'up' : 'down'}`, async (model, world) => {
    world.setNetwork(isUp)
    model.setNetwork(isUp)
  })
}

function disk(isFull: boolean): Step {
  return step(`disk ${isFull ? 'full' : 'free'}`, async (model, world) => {
    world.isDiskFull = isFull
    model.isDiskFull = isFull
  })
}

function advance(quarters: number): Step {
  return step(`advance ${quarters * 125}`, async (model, world) => {
    await world.clock.advance(quarters * 125)
    model.advance(quarters * 125)
  })
}

function lose(refIndex: number): Step {
  const ref = REFS[refIndex % REFS.length] ?? ''
  return step(`lose ${ref}`, async (model, world) => {
    world.published.delete(ref)
    model.published.delete(ref)
  })
}

const restart = step('restart', async (model, world) => {
  await world.engine.close()
  await reopen(model, world)
})

const kill = step(
  'kill',
  async (model, world) => {
    await world.kill()
    await reopen(model, world)
  },
  1,
)

/** The process dies so many turns after an action was asked for: it is done wholly or not at all. */
function cutOff(action: PlainAction, index: number, turns: number): Step {
  const run = async (model: Model, world: World): Promise<void> => {
    const id = pick(model, index)
    const before = model.find(id)?.state
    void answerOf(world.engine.downloads[action](id)).catch(() => undefined) // it dies with the process
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    await world.kill()
    await world.open({ start: false })
    const isDone = await world.isDone(action, id, before)
    await world.kill()
    if (isDone) model.act(action, id)
    await reopen(model, world, { isLoose: true })
  }
  return step(`cut off ${action} ${index} after ${turns}`, run, 3)
}

async function reopen(model: Model, world: World, { isLoose = false } = {}): Promise<void> {
  await world.open(isLoose ? { start: false } : {})
  if (isLoose) {
    await syncRuns(model, world)
    await world.kill()
    await world.open()
  }
  model.reopen(world.openedAtMs)
  // Nothing that people do happens in the same moment as a heartbeat.
  await world.clock.advance(7)
  model.advance(7)
}

/** For stories that are written by hand. */
export const steps = {
  create,
  createAll,
  act,
  race,
  move,
  setLimits,
  deliver,
  network,
  disk,
  advance,
  kill,
}

const index = fc.nat(20)
const action = fc.constantFrom(...ACTIONS)
const target: fc.Arbitrary<MoveTarget> = fc.oneof(
  fc.record({ to: fc.constantFrom('first' as const, 'last' as const) }),
  fc.constant({ before: '' }),
  fc.record({ priority: fc.integer({ min: -1, max: 1 }) }),
)

/** What can happen; more of what makes things go on, so that stories get somewhere. */
export const stories = fc.commands(
  [
    fc
      .tuple(index, fc.option(fc.integer({ min: -1, max: 1 }), { nil: undefined }), fc.boolean())
      .map(([ref, priority, paused]) => create(ref, priority, paused && ref % 4 === 0)),
    index.map((ref) => create(ref, undefined, false)),
    fc.array(index, { minLength: 2, maxLength: 8 }).map(createAll),
    index.map(deliver),
    index.map(deliver),
    fc.tuple(action, index).map(([what, which]) => act(what, which)),
    fc.tuple(action, index).map(([what, which]) => act(what, which)),
    fc
      .tuple(fc.array(action, { minLength: 2, maxLength: 5 }), index)
      .map(([what, which]) => race(what, which)),
    fc.tuple(index, target, index).map(([which, to, other]) => move(which, to, other)),
    fc
      .tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom(0, 1, 4, 9))
      .map(([active, queued]) => setLimits(active, queued)),
    fc.boolean().map(network),
    fc.constantFrom(true, false, false).map(disk),
    fc.constantFrom(1, 4, 9, 40, 100).map(advance),
    index.map(lose),
    fc.constant(restart),
    fc.constant(kill),
    fc
      .tuple(
        fc.constantFrom('pause', 'resume', 'cancel', 'retry', 'forget' as const),
        index,
        fc.nat(60),
      )
      .map(([what, which, turns]) => cutOff(what, which, turns)),
  ],
  { maxCommands: 40, size: 'max' },
)
