import { expect, it } from 'vitest'
import { namingHost } from '../net/naming-host.ts'
import { classify } from './classify.ts'

it.for([
  ['EDQUOT', 'DISK_QUOTA', 'Unknown system error -122', -122],
  ['ESTALE', 'VOLUME_GONE', 'Unknown system error -116', -116],
  ['ENOSPC', 'DISK_FULL', 'ENOSPC', -28],
] as const)(
  'knows %s, even where Node has a sentence in the place of its name',
  ([, code, text, errno]) => {
    const error = Object.assign(new Error('write'), { code: text, errno })
    // The numbers are Linux's own.
    if (process.platform === 'linux') expect(classify(error).code).toBe(code)
  },
)

it('takes a resolver that finds no free descriptor for what it is', () => {
  const error = Object.assign(new Error('getaddrinfo EBUSY'), {
    code: 'EBUSY',
    syscall: 'getaddrinfo',
  })
  expect(classify(error).code).toBe('TOO_MANY_FILES')
})

it('names the host of a connection that broke', () => {
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
  const error = classify(namingHost(reset, new URL('http://files.test:8080/a')))
  expect(error.message).toBe('The connection dropped: files.test:8080')
  const stopped = new Error('no failure of the network')
  expect(namingHost(stopped, new URL('http://files.test/'))).not.toHaveProperty('host')
})
