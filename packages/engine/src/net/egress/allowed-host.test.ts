import { expect, it } from 'vitest'
import { type AllowedHost, isAllowedBy, parseAllowedHost } from './allowed-host.ts'

const allows = (entry: string, url: string): boolean => {
  const parsed = parseAllowedHost(entry)
  return parsed !== null && isAllowedBy(parsed, new URL(url))
}

it.each<[string, AllowedHost]>([
  [' NAS.Lan ', { hostname: 'nas.lan', port: 'default' }],
  ['bücher.lan', { hostname: 'xn--bcher-kva.lan', port: 'default' }],
  ['0x7f.1:*', { hostname: '127.0.0.1', port: 'any' }],
  ['[FD00:0::5]:8443', { hostname: '[fd00::5]', port: 8443 }],
])('%s is read as the URL standard writes it', (text, expected) => {
  expect(parseAllowedHost(text)).toEqual(expected)
})

it.each([
  '',
  ':80',
  '*',
  '*:80',
  'h:',
  'h:0',
  'h:65536',
  'h:x',
  'a@b',
  'a/b',
  'http://h',
  '::1',
  '[::1',
  '*.lan',
])('%j is none', (text) => {
  expect(parseAllowedHost(text)).toBeNull()
})

it('means the default ports, one port, or all of them, of this very host', () => {
  expect(allows('nas.lan', 'http://nas.lan/x')).toBe(true)
  expect(allows('nas.lan', 'https://nas.lan/x')).toBe(true)
  expect(allows('nas.lan', 'http://nas.lan:443/')).toBe(false)
  expect(allows('nas.lan', 'http://nas.lan:8080/')).toBe(false)
  expect(allows('nas.lan:443', 'https://NAS.lan/')).toBe(true)
  expect(allows('nas.lan:8080', 'http://nas.lan:8080/')).toBe(true)
  expect(allows('nas.lan:8080', 'http://nas.lan/')).toBe(false)
  expect(allows('nas.lan:*', 'http://nas.lan:1234/')).toBe(true)
  expect(allows('nas.lan:*', 'http://a.nas.lan/')).toBe(false)
  expect(allows('nas.lan:*', 'http://nas.lan./')).toBe(false)
  expect(allows('[::1]:*', 'http://[0:0::1]:5/')).toBe(true)
})
