import { expect, it } from 'vitest'
import { confirm } from './confirm.ts'
import { fakeHost } from './testing/fake-host.ts'
import { UsageError } from './usage-error.ts'

const lines = ['1.2 GB go']

it('takes yes for yes and everything else for no', async () => {
  for (const [answer, expected] of [
    ['y', true],
    [' YES ', true],
    ['', false],
    ['n', false],
    ['yeah', false],
  ] as const) {
    expect(await confirm(fakeHost({ answer }), { lines, yes: false }), answer).toBe(expected)
  }
})

it('says what goes before it asks', async () => {
  const host = fakeHost({ answer: 'n' })
  await confirm(host, { lines, yes: false })
  expect(host.stderr.text()).toContain('1.2 GB go')
})

it('deletes nothing unasked where nobody can be asked', async () => {
  await expect(confirm(fakeHost(), { lines, yes: false })).rejects.toThrow(UsageError)
  expect(await confirm(fakeHost(), { lines, yes: true })).toBe(true)
})
