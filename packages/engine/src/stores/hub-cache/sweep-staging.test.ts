import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import type { StagingOwner } from '../staging-owner.ts'
import { HubCacheLayout } from './layout.ts'
import { openStaging } from './staging.ts'
import { sweepStaging } from './sweep-staging.ts'

const US: StagingOwner = { homeId: 'us', home: '/home/us' }
const NOBODY = async (): Promise<boolean> => false

async function stage(cache: string, id: string, owner: StagingOwner, repoId = 'org/name') {
  const layout = new HubCacheLayout(cache, { repoType: 'model', repoId })
  const staging = await openStaging(layout, id, owner)
  await writeFile(staging.staged('a'.repeat(40)).partPath, Buffer.alloc(8192, 1))
  return { layout, folder: staging.folder }
}

it('removes what no download of this home owns, and tells what that was', async () => {
  await using dir = await tempDir()
  const stray = await stage(dir.path, 'stray', US)
  const owned = await stage(dir.path, 'owned', US)
  const isOwned = async (id: string): Promise<boolean> => id === 'owned'
  expect(await sweepStaging(dir.path, US, isOwned)).toEqual({ files: 1, bytes: 8192 })
  expect(await readdir(stray.layout.windlass)).toEqual(['owned'])
  expect(await readdir(owned.folder)).toHaveLength(4)
  expect(await sweepStaging(dir.path, US, isOwned)).toEqual({ files: 0, bytes: 0 })
})

it('leaves alone what another home made, one with our id or at our place too', async () => {
  await using dir = await tempDir()
  const others: readonly StagingOwner[] = [
    { homeId: 'them', home: '/home/them' },
    // A copy of this home, and a home at the same place on another machine.
    { homeId: US.homeId, home: '/home/copy' },
    { homeId: 'them', home: US.home },
  ]
  for (const [n, owner] of others.entries()) await stage(dir.path, `d${n}`, owner)
  expect(await sweepStaging(dir.path, US, NOBODY)).toEqual({ files: 0, bytes: 0 })
  const { layout } = await stage(dir.path, 'ours', US)
  await sweepStaging(dir.path, US, NOBODY)
  expect((await readdir(layout.windlass)).sort((a, b) => (a < b ? -1 : 1))).toEqual([
    'd0',
    'd1',
    'd2',
  ])
})

it.for([
  ['is gone', null],
  ['is cut short', '{"homeId":"us",'],
  ['is another thing', '[]'],
] as const)('takes nothing for its own whose owner %s', async ([, text]) => {
  await using dir = await tempDir()
  const { folder } = await stage(dir.path, 'd', US)
  const owner = join(folder, 'owner')
  if (text === null) await rm(owner)
  else await writeFile(owner, text)
  expect(await sweepStaging(dir.path, US, NOBODY)).toEqual({ files: 0, bytes: 0 })
  expect(await readdir(folder)).toContain(`${'a'.repeat(40)}.part`)
})

it('never goes through a link, and not into what is no repository', async () => {
  await using dir = await tempDir()
  const cache = dir.join('cache')
  const { folder, layout } = await stage(cache, 'd', US)
  const elsewhere = dir.join('elsewhere')
  await rename(folder, elsewhere)
  await symlink(elsewhere, folder)
  await mkdir(join(cache, 'models--..--x/.windlass/d'), { recursive: true })
  await writeFile(join(cache, 'models--..--x/.windlass/d/owner'), JSON.stringify(US))
  await sweepStaging(cache, US, NOBODY)
  expect(await readdir(elsewhere)).toHaveLength(4)
  await rm(folder)
  await rename(layout.windlass, dir.join('windlass'))
  await symlink(dir.join('windlass'), layout.windlass)
  await rename(elsewhere, join(dir.join('windlass'), 'd'))
  await sweepStaging(cache, US, NOBODY)
  expect(await readdir(join(dir.join('windlass'), 'd'))).toHaveLength(4)
  expect(await readdir(join(cache, 'models--..--x/.windlass'))).toEqual(['d'])
})

it('keeps finished files of a stray download', async () => {
  await using dir = await tempDir()
  const { layout } = await stage(dir.path, 'stray', US)
  await writeFile(layout.blob('b'.repeat(40)), 'whole')
  await sweepStaging(dir.path, US, NOBODY)
  expect(await readdir(layout.blobs)).toEqual(['b'.repeat(40)])
  expect(await readdir(layout.repo)).not.toContain('.windlass')
})

it('finds nothing where there is no cache yet', async () => {
  await using dir = await tempDir()
  expect(await sweepStaging(dir.join('none'), US, NOBODY)).toEqual({ files: 0, bytes: 0 })
})
