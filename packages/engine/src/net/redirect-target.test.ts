import { expect, it } from 'vitest'
import { isWindlassError } from '../errors/windlass-error.ts'
import { redirectTarget } from './redirect-target.ts'

const from = (url: string, location: string | string[]) =>
  redirectTarget({ url: new URL(url), status: 302, headers: { location } })

it('never leaves https', () => {
  for (const location of ['http://h/secret?sig=1', 'HTTP://h/']) {
    expect(() => from('https://h/a', location)).toThrowError(
      expect.objectContaining({ code: 'HTTP_REDIRECT_BLOCKED' }),
    )
  }
  expect(from('https://h/a', '//other/b')?.href).toBe('https://other/b')
  expect(from('http://h/a', 'https://h/b')?.href).toBe('https://h/b')
})

it('does not show the query of an address in an error', () => {
  try {
    from('https://u:p@h/a?sig=secret#f', 'ftp://x/')
    expect.unreachable()
  } catch (error) {
    expect(isWindlassError(error, 'HTTP_REDIRECT_BLOCKED')).toBe(true)
    expect(String(error)).toContain('https://h/a')
    expect(String(error)).not.toMatch(/secret|u:p/)
  }
})

it('refuses two addresses at once', () => {
  expect(() => from('https://h/', ['/a', '/b'])).toThrowError(
    expect.objectContaining({ code: 'HTTP_PROTOCOL' }),
  )
})

it('leaves every other answer alone', () => {
  for (const status of [200, 206, 300, 304, 305, 404]) {
    const head = { url: new URL('https://h/'), status, headers: { location: '/x' } }
    expect(redirectTarget(head)).toBeNull()
  }
})
