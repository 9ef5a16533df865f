import { z } from 'zod'
import { WindlassError } from '../../errors/windlass-error.ts'
import { redactUrl } from '../../net/redact-url.ts'
import { headerOf, type ResponseHead } from '../../net/response-head.ts'
import type { HubTreeFile } from '../../stores/placement.ts'
import type { HubAddresses } from './hub-addresses.ts'

/** Asks the Hub for one page of JSON; refusals are thrown. */
export type FetchHubJson = <T>(
  url: URL,
  schema: z.ZodType<T>,
) => Promise<{ readonly data: T; readonly head: ResponseHead }>

const MOST_ENTRIES = 2_000_000

const sha1 = z.string().regex(/^[0-9a-f]{40}$/)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const size = z.int().min(0)

const Entry = z.object({ type: z.string(), path: z.string().min(1) })
const FileEntry = Entry.extend({
  oid: sha1,
  size,
  lfs: z.object({ oid: sha256, size }).nullish(),
  xetHash: z.string().nullish(),
})

/** Whatever is no file (folders, submodules) needs no more than a type. */
const TreePage = z.array(z.union([FileEntry.extend({ type: z.literal('file') }), Entry]))

/**
 * Lists every file of a commit, page by page; sizes and digests come with it, so no file
 * needs a request of its own.
 * @throws WindlassError HTTP_PROTOCOL, METADATA_TOO_LARGE, and what `fetchJson` throws
 */
export async function fetchHubTree(
  first: URL,
  addresses: Pick<HubAddresses, 'next'>,
  fetchJson: FetchHubJson,
): Promise<HubTreeFile[]> {
  const files = new Map<string, HubTreeFile>()
  const visited = new Set<string>()
  let entries = 0
  for (let url: URL | null = first; url !== null; ) {
    if (visited.has(url.href)) throw protocolError(url, 'lists a page twice')
    visited.add(url.href)
    const { data, head } = await fetchJson(url, TreePage)
    // An empty page counts too, or an endless row of them would never end.
    entries += Math.max(1, data.length)
    if (entries > MOST_ENTRIES) throw tooMany(url)
    for (const entry of data) {
      if (entry.type !== 'file') continue
      if (files.has(entry.path)) throw protocolError(url, 'lists a file twice')
      files.set(entry.path, treeFile(url, entry))
    }
    url = nextPage(head, url, addresses)
  }
  return [...files.values()]
}

function treeFile(url: URL, entry: z.infer<typeof TreePage>[number]): HubTreeFile {
  if (!('oid' in entry)) {
    throw protocolError(url, `lists ${JSON.stringify(entry.path.slice(0, 200))} without a digest`)
  }
  const { path, lfs, xetHash } = entry
  return {
    path,
    sizeBytes: lfs?.size ?? entry.size,
    blobId: entry.oid,
    ...(lfs ? { lfs: { sha256: lfs.oid, sizeBytes: lfs.size } } : {}),
    // Redacted where the reader may not see it.
    ...(sha256.safeParse(xetHash).success && xetHash ? { xetHash } : {}),
  }
}

/** `Link: <address>; rel="next"`, as GitHub writes it. */
function nextPage(head: ResponseHead, current: URL, addresses: Pick<HubAddresses, 'next'>) {
  const link = headerOf(head, 'link')
  const target = link?.match(/<([^<>]*)>\s*;[^<]*\brel="?next"?(?:[\s;,]|$)/)?.[1]
  if (target === undefined) return null
  const next = addresses.next(target, current)
  if (next === null) throw protocolError(current, 'continues its list on another host')
  return next
}

function protocolError(url: URL, what: string): WindlassError {
  return new WindlassError('HTTP_PROTOCOL', { detail: `${redactUrl(url)} ${what}` })
}

function tooMany(url: URL): WindlassError {
  return new WindlassError('METADATA_TOO_LARGE', {
    detail: `${redactUrl(url)} lists more than ${MOST_ENTRIES} entries`,
  })
}
