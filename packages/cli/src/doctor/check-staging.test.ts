import { mkdir, writeFile } from 'node:fs/promises'
import { tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { checkStaging } from './check-staging.ts'

it('tells whose unfinished bytes are in the cache, and who may remove them', async () => {
  await using dir = await tempDir()
  const [cache, home, other] = [dir.join('hub'), dir.join('home'), dir.join('other')]
  const stage = async (id: string, owner: object | null): Promise<void> => {
    const folder = `${cache}/models--org--name/.windlass/${id}`
    await mkdir(folder, { recursive: true })
    await writeFile(`${folder}/x.part`, Buffer.alloc(4096, 1))
    if (owner !== null) await writeFile(`${folder}/owner`, JSON.stringify(owner))
  }
  await mkdir(home)
  await mkdir(other)
  await writeFile(`${other}/home-id`, 'them\n')
  expect(await checkStaging(cache, home)).toMatchObject([{ level: 'ok' }])
  await stage('a', { homeId: 'us', home })
  await stage('b', { homeId: 'them', home: other })
  await stage('c', { homeId: 'gone', home: '/gone' })
  await stage('d', null)
  const findings = await checkStaging(cache, home)
  const told = findings.map(({ level, text, todo }) => `${level}: ${text}; ${todo ?? ''}`)
  expect(told).toHaveLength(4)
  for (const line of [
    expect.stringMatching(/^ok: 1 download, 4.1 kB, of the home .*other; $/),
    expect.stringMatching(/^ok: 1 download, 4.1 kB, of this home; $/),
    expect.stringMatching(/^warn: .*of an unknown home; .* rm -r .*\/d$/),
    expect.stringMatching(/^warn: .*\/gone, which is not on this machine; .*rm -r .*\/c$/),
  ]) {
    expect(told).toContainEqual(line)
  }
})
