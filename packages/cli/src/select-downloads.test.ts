import { type Client, createClient } from '@windlass/client'
import type { DownloadSummary } from '@windlass/contract'
import { expect, it } from 'vitest'
import { findDownload, selectDownloads } from './select-downloads.ts'
import { sampleDownload } from './testing/sample-download.ts'
import { UsageError } from './usage-error.ts'

/** The real client before a server that only knows these downloads. */
function clientOf(downloads: readonly DownloadSummary[]): Client {
  const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status })
  return createClient({
    baseUrl: 'http://localhost',
    token: 'x',
    fetch: async (url) => {
      const id = /\/api\/downloads\/([^/?]+)/.exec(url)?.[1]
      if (id === undefined) return answer(200, { items: downloads, nextCursor: null })
      const found = downloads.find((download) => download.id === id)
      if (found !== undefined) return answer(200, { ...found, files: [] })
      return answer(404, {
        type: 'urn:windlass:error:DOWNLOAD_NOT_FOUND',
        code: 'DOWNLOAD_NOT_FOUND',
        title: 'There is no such download',
        status: 404,
        detail: `There is no such download: ${id}`,
        facts: {},
      })
    },
  })
}

const client = clientOf([
  sampleDownload({ id: 'abc1' }),
  sampleDownload({ id: 'abc2', actions: ['resume'] }),
  sampleDownload({ id: 'xyz' }),
  sampleDownload({ id: 'xyz9' }),
])
const idsOf = (downloads: readonly DownloadSummary[]) => downloads.map((download) => download.id)

it('takes the beginning of an id that only one has', async () => {
  const several = clientOf([sampleDownload({ id: 'abcdef' }), sampleDownload({ id: 'xyz' })])
  expect((await findDownload(several, 'a')).id).toBe('abcdef')
})

it('takes a whole id even where another begins with it', async () => {
  expect((await findDownload(client, 'xyz')).id).toBe('xyz')
})

it('refuses a beginning that fits several, naming them', async () => {
  await expect(findDownload(client, 'abc')).rejects.toThrow(/abc fits 2 downloads: abc1 .*abc2/)
  await expect(findDownload(client, 'none')).rejects.toMatchObject({ code: 'DOWNLOAD_NOT_FOUND' })
})

it('takes each download once, however often it is named', async () => {
  const selection = { ids: ['xyz9', 'abc1', 'abc1'], all: false }
  expect(idsOf(await selectDownloads(client, selection, 'pause'))).toEqual(['xyz9', 'abc1'])
})

it('means by --all what can do the action', async () => {
  const selection = { ids: [], all: true }
  expect(idsOf(await selectDownloads(client, selection, 'resume'))).toEqual(['abc2'])
})

it('wants either ids or --all', async () => {
  for (const selection of [
    { ids: [], all: false },
    { ids: ['xyz'], all: true },
  ]) {
    await expect(selectDownloads(client, selection, 'pause')).rejects.toThrow(UsageError)
  }
})
