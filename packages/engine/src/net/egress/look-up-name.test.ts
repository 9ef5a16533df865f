import { expect, it } from 'vitest'
import { classify } from '../../errors/classify.ts'
import { lookUpName, type NameLookup } from './look-up-name.ts'

async function codeOfFailure(code: string): Promise<string> {
  const error = Object.assign(new Error(code), { code, syscall: 'getaddrinfo' })
  const lookup: NameLookup = () => Promise.reject(error)
  const thrown: unknown = await lookUpName('a.test', { lookup, limitMs: 1_000 }).catch(
    (caught: unknown) => caught,
  )
  return classify(thrown).code
}

it('blames the name for what is about the name, and this process for its want of descriptors', async () => {
  expect(
    await Promise.all(['ENOTFOUND', 'EAI_AGAIN', 'EBUSY', 'EMFILE'].map(codeOfFailure)),
  ).toEqual(['NET_DNS', 'NET_DNS', 'TOO_MANY_FILES', 'TOO_MANY_FILES'])
})
