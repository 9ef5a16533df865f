import { expect, it } from 'vitest'
import { statusError } from './status-error.ts'

const error = (status: number, retryAt?: number | null) =>
  statusError(
    { url: new URL('https://cdn.example/a/b?X-Amz-Signature=secret'), status, headers: {} },
    { what: 'model.bin', ...(retryAt === undefined ? {} : { retryAt }) },
  )

it.each([
  [401, 'HTTP_AUTH', 'blocked'],
  [403, 'HTTP_FORBIDDEN', 'blocked'],
  [404, 'HTTP_NOT_FOUND', 'fail'],
  [408, 'NET_TIMEOUT', 'retry'],
  [410, 'SOURCE_GONE', 'fail'],
  [416, 'RANGE_MISMATCH', 'retry'],
  [421, 'HTTP_SERVER', 'retry'],
  [425, 'HTTP_SERVER', 'retry'],
  [429, 'HTTP_RATE_LIMITED', 'retry'],
  [451, 'HTTP_LEGAL', 'fail'],
  [500, 'HTTP_SERVER', 'retry'],
  [503, 'HTTP_SERVER', 'retry'],
  [400, 'HTTP_PROTOCOL', 'fail'],
  [204, 'HTTP_PROTOCOL', 'fail'],
  [304, 'HTTP_PROTOCOL', 'fail'],
])('%d is %s, which means %s', (status, code, disposition) => {
  expect(error(status)).toMatchObject({ code, disposition })
})

it('names file, host and path, and keeps the signature to itself', () => {
  const { message } = error(503)
  expect(message).toContain('model.bin')
  expect(message).toContain('cdn.example/a/b')
  expect(message).not.toContain('secret')
})

it('carries the time that the host named', () => {
  expect(error(429, 5000).retryAt).toBe(5000)
  expect(error(429, null).retryAt).toBeUndefined()
})
