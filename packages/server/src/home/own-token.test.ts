import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { Secret } from '@windlass/engine'
import { expect, it, onTestFinished } from 'vitest'
import { createLog } from '../create-log.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { removeOwnToken, storeOwnToken } from './own-token.ts'

const log = createLog({ level: 'silent' })
const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777

it('is kept for this user alone, replaced by the next, and removed once', async () => {
  const home = path.join(await temporaryFolder(onTestFinished), 'home')
  const file = await storeOwnToken(home, new Secret('hf_one'), { log })
  expect(await storeOwnToken(home, new Secret('hf_two'), { log })).toBe(file)
  expect(await readFile(file, 'utf8')).toBe('hf_two\n')
  expect(await modeOf(file)).toBe(0o600)
  expect(await modeOf(path.dirname(file))).toBe(0o700)
  expect(await modeOf(home)).toBe(0o700)
  expect(await removeOwnToken(home)).toBe(true)
  expect(await removeOwnToken(home)).toBe(false)
})
