import { tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { AccessRepository } from './access-repository.ts'
import { openDatabase } from './open-database.ts'

it('keeps keys over a restart, finds them by their digest, and drops those that are named', async () => {
  await using dir = await tempDir()
  const file = dir.join('windlass.db')
  const first = await openDatabase(file)
  const keys = new AccessRepository(first)
  const token = {
    hash: 'aa',
    kind: 'token',
    grantedBy: null,
    createdAt: 1,
    expiresAt: null,
  } as const
  const session = {
    hash: 'bb',
    kind: 'session',
    grantedBy: 'aa',
    createdAt: 2,
    expiresAt: 9,
  } as const
  await keys.put(token)
  await keys.put(session)
  await expect(keys.put(token)).rejects.toThrow()
  await first.destroy()

  const database = await openDatabase(file)
  const again = new AccessRepository(database)
  expect(await again.find('bb')).toEqual(session)
  expect(await again.find('cc')).toBeNull()
  expect(await again.list('token')).toEqual([token])
  await again.remove(['bb', 'cc'])
  expect(await again.find('bb')).toBeNull()
  expect(await again.find('aa')).toEqual(token)
  await again.put(session)
  await again.remove(['aa'])
  expect(await again.find('bb')).toBeNull()
  await database.destroy()
})
