import { createSocket, type RemoteInfo } from 'node:dgram'
import { type LookupAddress, promises } from 'node:dns'
import { once } from 'node:events'
import { type DnsQuestion, type DnsType, readQuestion, writeAnswer } from './dns-message.ts'

/** Addresses (none: the name exists without any), a refusal, or no answer at all. */
export type DnsAnswer = readonly string[] | 'NXDOMAIN' | 'SERVFAIL' | 'silence'

/** Answers to the first, second ... query of a type; the last one stays. None of a type: no address. */
export type DnsRecords = { readonly [Type in DnsType]?: readonly DnsAnswer[] }

/** A name server on a loopback port of its own that changes its mind on demand. */
export interface DnsServer {
  /** `127.0.0.1:PORT`, for `Resolver.setServers`. */
  readonly address: string
  /** Every query for an address, in the order of arrival. */
  readonly queries: readonly Pick<DnsQuestion, 'name' | 'type'>[]
  /** Sets what a name means from now on. A name that was never set does not exist. */
  set(name: string, records: DnsRecords): void
  /**
   * Looks a name up here with Node's own resolver, IPv6 first; to be used in place of the
   * system's look-up. Rejects with Node's codes, such as `ENOTFOUND` and `ESERVFAIL`.
   */
  lookup(hostname: string): Promise<LookupAddress[]>
  close(): Promise<void>
}

const RCODES = { NXDOMAIN: 3, SERVFAIL: 2 } as const
const PATIENCE_MS = 60_000

export async function startDnsServer(): Promise<DnsServer> {
  const socket = createSocket('udp4')
  const names = new Map<string, DnsRecords>()
  const seen = new Map<string, number>()
  const queries: DnsQuestion[] = []

  function answerTo({ name, type }: DnsQuestion): DnsAnswer {
    const records = names.get(name)
    if (records === undefined || type === null) return 'NXDOMAIN'
    const key = `${type} ${name}`
    const turn = seen.get(key) ?? 0
    seen.set(key, turn + 1)
    const answers = records[type] ?? []
    return answers[turn] ?? answers.at(-1) ?? []
  }

  socket.on('message', (message: Buffer, from: RemoteInfo) => {
    const question = readQuestion(message)
    queries.push(question)
    const answer = answerTo(question)
    if (answer === 'silence') return
    const reply =
      typeof answer === 'string'
        ? { rcode: RCODES[answer], addresses: [] }
        : { rcode: 0, addresses: answer }
    socket.send(writeAnswer(question, reply), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')

  const address = `127.0.0.1:${socket.address().port}`
  const resolver = new promises.Resolver({ timeout: PATIENCE_MS, tries: 1 })
  resolver.setServers([address])
  return {
    address,
    queries,
    set(name, records) {
      names.set(name, records)
      for (const type of ['A', 'AAAA'] as const) seen.delete(`${type} ${name}`)
    },
    lookup: (hostname) => lookUp(resolver, hostname),
    async close() {
      resolver.cancel()
      socket.close()
      await once(socket, 'close')
    },
  }
}

async function lookUp(resolver: promises.Resolver, hostname: string): Promise<LookupAddress[]> {
  const [v6, v4] = await Promise.allSettled([
    resolver.resolve6(hostname),
    resolver.resolve4(hostname),
  ])
  const found = [
    ...(v6.status === 'fulfilled' ? v6.value : []).map((address) => ({ address, family: 6 })),
    ...(v4.status === 'fulfilled' ? v4.value : []).map((address) => ({ address, family: 4 })),
  ]
  if (found.length > 0) return found
  throw v4.status === 'rejected' ? v4.reason : new Error(`${hostname} has no address`)
}
