import { type Client, createClient, isApiError } from '@windlass/client'
import type { LoggedEvent, WindlassEvent } from '@windlass/contract'
import { type Downloads, type EventLog, WindlassError } from '@windlass/engine'
import { describe, expect, it } from 'vitest'
import { createSilentLog } from './command-log.ts'
import { ownClient } from './own-client.ts'

class Log implements EventLog {
  readonly events: LoggedEvent[] = []
  readonly listeners = new Set<(event: WindlassEvent) => void>()
  oldest = 1
  duringSince: () => void = () => undefined

  lastSeq(): number {
    return this.events.length
  }

  async since(seq: number, limit: number): Promise<readonly LoggedEvent[] | null> {
    const page = seq + 1 < this.oldest ? null : this.events.slice(seq, seq + limit)
    this.duringSince()
    return page
  }

  subscribe(listener: (event: WindlassEvent) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  add(count = 1): void {
    for (let n = 0; n < count; n++) {
      const data = { id: 'a', code: 'NET_RESET', message: 'm' } as const
      const event = { seq: this.events.length + 1, at: 1, type: 'download.noticed', data } as const
      this.events.push(event)
      this.tell(event)
    }
  }

  tell(event: WindlassEvent): void {
    for (const listener of this.listeners) listener(event)
  }
}

const sample = (id: string): WindlassEvent => {
  const progress = {
    ...{ receivedBytes: 0, totalBytes: null, percent: null, bytesPerSecond: 0 },
    ...{ etaSeconds: null, filesDone: 0, filesTotal: null },
  }
  return { seq: null, at: 1, type: 'download.progressed', data: { id, progress, files: [] } }
}

function open(downloads: Partial<Downloads> = {}) {
  const log = new Log()
  const asked: string[] = []
  const overSocket = createClient({
    baseUrl: 'http://localhost',
    token: 't',
    fetch: async (url) => {
      asked.push(new URL(url).pathname)
      throw new Error('nobody listens')
    },
  })
  const engine = { downloads: downloads as Downloads, events: log }
  const deps = { log: createSilentLog(), clock: { now: () => 9 }, overSocket }
  const client: Client = ownClient(engine, deps)
  const stop = new AbortController()
  const follow = (lastEventId?: number) =>
    client
      .events({ signal: stop.signal, ...(lastEventId === undefined ? {} : { lastEventId }) })
      [Symbol.asyncIterator]()
  return { asked, client, follow, log, stop }
}

async function take(events: AsyncIterator<WindlassEvent>, count: number): Promise<unknown[]> {
  const seqs: unknown[] = []
  while (seqs.length < count) {
    const { value, done } = await events.next()
    if (done === true) break
    seqs.push(value.seq)
  }
  return seqs
}

describe('the events of one’s own home', () => {
  it('are those from now on, in order, and end with the signal', async () => {
    const { follow, log, stop } = open()
    log.add(3)
    const events = follow()
    const first = events.next()
    await Promise.resolve()
    log.add(2)
    expect((await first).value?.seq).toBe(4)
    expect(await take(events, 1)).toEqual([5])
    const last = events.next()
    stop.abort()
    expect((await last).done).toBe(true)
    expect(log.listeners.size).toBe(0)
  })

  it('are replayed from a number on, each once, with what happens meanwhile', async () => {
    const { follow, log } = open()
    log.add(450)
    let pages = 0
    log.duringSince = () => {
      if (++pages <= 3) log.add(5)
    }
    const events = follow(10)
    expect(await take(events, 455)).toEqual(Array.from({ length: 455 }, (_, n) => n + 11))
  })

  it('say resync where the log no longer reaches back, and go on from there', async () => {
    const { follow, log } = open()
    log.add(10)
    log.oldest = 8
    const events = follow(2)
    expect((await events.next()).value).toMatchObject({ type: 'resync', at: 9, data: { seq: 10 } })
    log.add()
    expect(await take(events, 1)).toEqual([11])
  })

  it('hold no samples for a reader that is behind', async () => {
    const { follow, log } = open()
    const events = follow()
    const first = events.next()
    await Promise.resolve()
    log.add()
    await first
    for (let n = 0; n < 3; n++) log.tell(sample('a'))
    log.add()
    expect(await take(events, 2)).toEqual([null, 2])
  })
})

describe('the requests of the owner itself', () => {
  it('are refused in the words of the API, a bug without its text', async () => {
    const secret = new RangeError('of no concern')
    const { client, asked } = open({
      find: async (id) => {
        throw id === 'x' ? secret : new WindlassError('DOWNLOAD_NOT_FOUND', { detail: id })
      },
    })
    const refusal = await client.find('a').catch((error: unknown) => error)
    expect(isApiError(refusal, 'DOWNLOAD_NOT_FOUND')).toBe(true)
    const bug = await client.find('x').catch((error: unknown) => error)
    expect(isApiError(bug, 'INTERNAL') && bug.problem.detail).not.toContain('concern')
    expect(asked).toEqual([])
  })

  it('go over the socket when the engine has nothing to do with them', async () => {
    const { client, asked } = open({
      create: () => Promise.reject(new TypeError('must not be asked')),
    })
    await client.start({ ref: '' }).catch(() => undefined)
    await client.health().catch(() => undefined)
    expect(asked).toEqual(['/api/downloads', '/api/health'])
  })
})
