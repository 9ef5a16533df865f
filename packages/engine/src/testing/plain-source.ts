import { createHash } from 'node:crypto'
import type { HttpClient } from '../net/http-client.ts'
import { headerOf, type ResponseHead } from '../net/response-head.ts'
import { statusError } from '../net/status-error.ts'
import type { Digest, RemoteFile, Resolution, Source, SourceRef } from '../sources/source.ts'

export interface PlainSourceOptions {
  readonly http: Pick<HttpClient, 'open' | 'noteRest'>
  /** What the bytes of an address must be; null when nobody says. */
  readonly digestOf: (url: URL) => Promise<Digest | null>
}

const PREFIX = 'plain:'

/**
 * Any address, written `plain:http://...`: one file with the size and the validator that a
 * HEAD tells. The plainest source that faults can run against, beside those with an API.
 */
export function createPlainSource({ http, digestOf }: PlainSourceOptions): Source {
  return {
    id: 'plain',

    parse(text) {
      if (!text.startsWith(PREFIX)) return null
      return { source: 'plain', canonical: `${PREFIX}${new URL(text.slice(PREFIX.length)).href}` }
    },

    async resolve(ref, { signal }) {
      signal.throwIfAborted()
      const url = urlOf(ref)
      const request = { url, method: 'HEAD', headers: {}, credentials: [], judge() {} } as const
      const head = await http.open(request, { signal })
      head.body.discard()
      if (head.status !== 200) {
        const retryAt = http.noteRest(head)
        throw statusError(head, { what: url.pathname, retryAt })
      }
      return resolutionOf(url, fileOf(url, head, await digestOf(url)))
    },

    async locate({ ref }, { signal }) {
      signal.throwIfAborted()
      return { url: urlOf(ref), headers: {}, credentials: [], judge() {} }
    },
  }
}

function urlOf({ canonical }: SourceRef): URL {
  return new URL(canonical.slice(PREFIX.length))
}

function fileOf(url: URL, head: ResponseHead, digest: Digest | null): RemoteFile {
  const length = headerOf(head, 'content-length')
  const sizeBytes = length === null ? null : Number(length)
  const etag = headerOf(head, 'etag')
  const isStrong = etag !== null && !etag.startsWith('W/')
  return {
    path: decodeURIComponent(url.pathname.split('/').at(-1) ?? ''),
    sizeBytes,
    digest,
    validator: isStrong ? etag : headerOf(head, 'last-modified'),
  }
}

/** The Hub's cache takes it as a repository of its own, named after the address. */
function resolutionOf(url: URL, file: RemoteFile): Resolution {
  const name = createHash('sha1').update(url.href).digest('hex')
  const entry = { path: file.path, sizeBytes: file.sizeBytes ?? 0, blobId: name }
  return {
    title: file.path,
    revision: null,
    files: [file],
    placement: {
      store: 'hub-cache',
      repoType: 'model',
      repoId: `plain/${name}`,
      commit: name,
      refName: null,
      tree: [entry],
    },
    notices: [],
  }
}
