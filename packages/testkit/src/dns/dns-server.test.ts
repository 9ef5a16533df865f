import { afterEach, beforeEach, expect, it } from 'vitest'
import { type DnsServer, startDnsServer } from './dns-server.ts'

let dns: DnsServer
beforeEach(async () => {
  dns = await startDnsServer()
})
afterEach(() => dns.close())

const addresses = async (name: string): Promise<string[]> =>
  (await dns.lookup(name)).map(({ address }) => address)

it('answers each query in turn and keeps to the last answer', async () => {
  dns.set('host.example.org', { A: [['8.8.8.8'], ['127.0.0.1', '10.0.0.1']] })
  expect(await addresses('host.example.org')).toEqual(['8.8.8.8'])
  expect(await addresses('HOST.example.org')).toEqual(['127.0.0.1', '10.0.0.1'])
  expect(await addresses('host.example.org')).toEqual(['127.0.0.1', '10.0.0.1'])
  expect(dns.queries.filter(({ type }) => type === 'AAAA')).toHaveLength(3)
})

it('knows names with addresses of both families, or of the newer one alone', async () => {
  dns.set('dual.example.org', { A: [['8.8.8.8']], AAAA: [['2606:4700::1111']] })
  dns.set('six.example.org', { AAAA: [['::1', '64:ff9b::7f00:1']] })
  expect(await dns.lookup('dual.example.org')).toEqual([
    { address: '2606:4700::1111', family: 6 },
    { address: '8.8.8.8', family: 4 },
  ])
  expect(await addresses('six.example.org')).toEqual(['::1', '64:ff9b::7f00:1'])
})

it('refuses as name servers do', async () => {
  dns.set('broken.example.org', { A: ['SERVFAIL'], AAAA: ['SERVFAIL'] })
  dns.set('empty.example.org', {})
  const code = (name: string) => expect(dns.lookup(name)).rejects
  await code('missing.example.org').toMatchObject({ code: 'ENOTFOUND' })
  await code('broken.example.org').toMatchObject({ code: 'ESERVFAIL' })
  await code('empty.example.org').toMatchObject({ code: 'ENODATA' })
})

it('says nothing where it is told to, and lets go of who waits when it closes', async () => {
  dns.set('deaf.example.org', { A: ['silence'], AAAA: ['silence'] })
  const waiting = dns.lookup('deaf.example.org')
  await expect.poll(() => dns.queries.length).toBe(2)
  const refused = expect(waiting).rejects.toMatchObject({ code: 'ECANCELLED' })
  await dns.close()
  await refused
  dns = await startDnsServer()
})
