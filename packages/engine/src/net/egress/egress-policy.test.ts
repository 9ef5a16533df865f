import { describe, expect, it } from 'vitest'
import { isWindlassError } from '../../errors/windlass-error.ts'
import { createEgressPolicy, type EgressRules } from './egress-policy.ts'

const rules: EgressRules = {
  trustedOrigins: ['http://mirror.lan:6000'],
  allowedHosts: [
    { hostname: 'nas.lan', port: 'any' },
    { hostname: 'old.lan', port: 21 },
  ],
}

function refusal(address: string): string | null {
  try {
    createEgressPolicy(rules).admit(new URL(address))
    return null
  } catch (error) {
    expect(isWindlassError(error, 'URL_BLOCKED')).toBe(true)
    return String(error)
  }
}

describe('an address', () => {
  it('of an endpoint that the operator configured is fine, to the port', () => {
    expect(refusal('http://mirror.lan:6000/api')).toBeNull()
    for (const other of [
      'https://mirror.lan:6000/',
      'http://mirror.lan/',
      'http://mirror.lan:6001/',
    ]) {
      expect(refusal(other)).not.toBeNull()
    }
  })

  it('of an allowed host is fine, save for ports that nobody named', () => {
    expect(refusal('http://nas.lan:8080/')).toBeNull()
    expect(refusal('http://nas.lan:25/')).not.toBeNull()
    expect(refusal('http://old.lan:21/')).toBeNull()
  })

  it('on a port of another protocol is refused, whatever the host', () => {
    for (const port of [22, 25, 53, 110, 143, 465, 587, 993, 2049, 5060, 6000, 6667, 10080]) {
      expect(refusal(`http://example.org:${port}/`), String(port)).not.toBeNull()
    }
    for (const port of [80, 443, 8080, 8443, 3000, 5000, 9000, 65_535]) {
      expect(refusal(`http://example.org:${port}/`), String(port)).toBeNull()
    }
  })

  it('of another scheme is refused', () => {
    for (const url of [
      'file:///etc/passwd',
      'ftp://example.org/',
      'gopher://example.org/',
      'ws://example.org/',
    ]) {
      expect(refusal(url), url).not.toBeNull()
    }
  })

  it('is refused in the same words, be it there or not, and without what it asks for', () => {
    const words = (url: string) => refusal(url)?.replace(new URL(url).host, 'HOST')
    const said = words('http://user:pw@printer.lan/secret?sig=1')
    expect(said).toBe('WindlassError: This address may not be reached: http://HOST')
    for (const host of ['no-such-thing.lan', '10.0.0.1', '[::1]:8080', 'localhost']) {
      expect(words(`http://${host}/`)).toBe(said)
    }
  })
})
