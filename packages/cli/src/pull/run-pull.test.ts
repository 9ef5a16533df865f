import { ApiError, type Client } from '@windlass/client'
import type { Download, DownloadSummary, WindlassEvent } from '@windlass/contract'
import { assert, expect, it } from 'vitest'
import type { Connection, Connector } from '../connection.ts'
import { ProgressModel } from '../render/progress-model.ts'
import { fakeHost } from '../testing/fake-host.ts'
import { sampleDownload } from '../testing/sample-download.ts'
import { runPull } from './run-pull.ts'

const reporter = { event() {}, note() {}, close() {} }

const unreachable = (): ApiError =>
  new ApiError({
    type: 'x',
    code: 'SERVER_UNREACHABLE',
    title: 't',
    status: 502,
    detail: 'd',
    facts: {},
  })

/** A home in memory whose owners come and go; a download's id is its reference. */
class Home {
  readonly downloads = new Map<string, Download>()
  readonly resumed: string[] = []
  /** How many connections were asked for. */
  connections = 0
  #seq = 0

  move(id: string, state: DownloadSummary['state']): WindlassEvent {
    const before = this.downloads.get(id)
    assert(before)
    const download = { ...before, state }
    this.downloads.set(id, download)
    const data = { id, from: before.state, to: state, download }
    return { seq: ++this.#seq, at: 1, type: 'download.state-changed', data }
  }

  /** A connection to an owner that lives through `life` and is gone after it. */
  connection(pid: number, life: () => Iterable<WindlassEvent>): Connection {
    const owner = { isThere: true }
    const reached = <T>(answer: () => T): Promise<T> =>
      owner.isThere ? Promise.resolve(answer()) : Promise.reject(unreachable())
    const find = (id: string): Download => {
      const download = this.downloads.get(id)
      assert(download)
      return download
    }
    const client: Pick<Client, 'start' | 'find' | 'resume' | 'health' | 'events'> = {
      start: ({ ref }) =>
        reached(() => {
          this.downloads.set(ref, { ...sampleDownload({ id: ref, ref }), files: [] })
          return { download: find(ref), created: true }
        }),
      find: (id) => reached(() => find(id)),
      resume: (id) =>
        reached(() => {
          this.resumed.push(id)
          this.move(id, 'queued')
          return find(id)
        }),
      health: () =>
        reached(() => ({ status: 'ok', version: '1', pid, startedAt: 1, active: 0, queued: 0 })),
      async *events({ onConnection }) {
        onConnection?.({ connected: true })
        // The reader hands its requests in now.
        await new Promise((resolve) => setImmediate(resolve))
        const events = [...life()]
        owner.isThere = false
        yield* events
        onConnection?.({ connected: false, error: unreachable(), retryInMs: 1 })
      },
    }
    return {
      // A pull calls no other method.
      client: client as Client,
      role: 'guest',
      address: 'memory',
      close: async () => undefined,
      closePausing: async () => [],
    }
  }
}

async function pull(home: Home, refs: readonly string[], connections: readonly Connection[]) {
  const model = new ProgressModel()
  const connector: Connector = {
    toOwner: async () => null,
    async toOwnerOrSelf() {
      const next = connections[home.connections++]
      assert(next, 'another owner was looked for')
      return next
    },
  }
  const requests = refs.map((ref) => ({ ref }))
  const result = await runPull({ requests, connector, host: fakeHost(), model, reporter })
  return { result, states: refs.map((ref) => model.find(ref)?.state) }
}

it('ends with a pause that it saw, though the owner is gone before it can look', async () => {
  const home = new Home()
  const first = home.connection(1, () => [home.move('a', 'paused')])
  const { result, states } = await pull(home, ['a'], [first])
  expect(result.end).toBe('settled')
  expect(states).toEqual(['paused'])
  expect([home.connections, home.resumed]).toEqual([1, []])
})

it('goes on with what the owner paused as it left', async () => {
  const home = new Home()
  const first = home.connection(1, () => {
    // Nobody hears of it: the owner's streams have ended.
    home.move('a', 'paused')
    return []
  })
  const second = home.connection(2, () => [home.move('a', 'completed')])
  const { states } = await pull(home, ['a'], [first, second])
  expect(home.resumed).toEqual(['a'])
  expect(states).toEqual(['completed'])
})

it('leaves paused what a person paused before the owner left', async () => {
  const home = new Home()
  const first = home.connection(1, () => {
    const seen = home.move('a', 'paused')
    home.move('b', 'paused')
    return [seen]
  })
  const second = home.connection(2, () => [home.move('b', 'completed')])
  const { states } = await pull(home, ['a', 'b'], [first, second])
  expect(home.resumed).toEqual(['b'])
  expect(states).toEqual(['paused', 'completed'])
})

it('takes no pause for a leaving where the same owner is met again', async () => {
  const home = new Home()
  const first = home.connection(1, () => {
    home.move('a', 'paused')
    return []
  })
  const again = home.connection(1, () => [])
  const { states } = await pull(home, ['a'], [first, again])
  expect(home.resumed).toEqual([])
  expect(states).toEqual(['paused'])
})
