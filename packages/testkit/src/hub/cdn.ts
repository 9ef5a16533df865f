import { createHash } from 'node:crypto'
import type { VirtualBytes } from '../bytes/virtual-bytes.ts'
import { expiredReply } from '../faults/apply-fault.ts'
import { fileReply, type Reply, type SeenRequest, textReply } from '../faults/reply.ts'
import { apiPath, encodeHubSegment, type HubRepoName } from './hub-path.ts'
import type { SignedUrls } from './signed-urls.ts'

/** An object of the CDN: a file of a repository, or a part of one that Xet clients ask for. */
export interface CdnObject {
  /** Path of its URL; differs between different objects. */
  readonly path: string
  readonly bytes: VirtualBytes
}

export interface CdnOptions {
  readonly signedUrls: SignedUrls
  /** `http://host:port` of the CDN, once it listens. */
  readonly endpoint: () => string
  /** Where another server has the object's bytes; `undefined` for the CDN's own. */
  readonly objectUrl: (object: CdnObject) => URL | undefined
  /** A GET without a range for more than this is refused, as the Hub's bridge does for huge files. */
  readonly maxRangelessBytes: () => number
  readonly now: () => number
}

/** Stores objects by name and serves them to those who have a signed URL. */
export interface Cdn {
  /** A signed URL for the file of a repository, or where else its bytes are. */
  urlOf(repo: HubRepoName, path: string, sha256: string, bytes: VirtualBytes): string
  /** The same for an object that is no file of a repository. */
  urlOfObject(path: string, bytes: VirtualBytes): string
  route(request: SeenRequest): Reply
}

export function createCdn(options: CdnOptions): Cdn {
  const objects = new Map<string, VirtualBytes>()
  const place = (object: CdnObject, query?: Readonly<Record<string, string>>): string => {
    const elsewhere = options.objectUrl(object)
    if (elsewhere !== undefined) return elsewhere.href
    objects.set(object.path, object.bytes)
    return `${options.endpoint()}${options.signedUrls.sign(object.path, query)}`
  }
  return {
    urlOfObject: (path, bytes) => place({ path, bytes }),
    urlOf(repo, path, sha256, bytes) {
      const folder = createHash('md5').update(apiPath(repo)).digest('hex').slice(0, 24)
      const object = { path: `/xet-bridge-us/${folder}/${sha256}`, bytes }
      return place(object, {
        'response-content-disposition': `inline; filename*=UTF-8''${path}`,
        'x-id': 'GetObject',
      })
    },
    route(request) {
      const refused = refusal(request, options)
      if (refused !== undefined) return refused
      const bytes = objects.get(`/${request.segments.join('/')}`)
      if (bytes === undefined) return xmlError(404, 'NoSuchKey', 'The key does not exist.')
      if (request.range === undefined && bytes.sizeBytes > options.maxRangelessBytes()) {
        return xmlError(400, 'InvalidRequest', 'The object is too large for a GET of the whole.')
      }
      // Like the Hub's bridge: neither ETag nor Last-Modified.
      return fileReply(request, bytes, dispositionOf(request))
    },
  }
}

function refusal(request: SeenRequest, options: CdnOptions): Reply | undefined {
  if (request.headers.authorization !== undefined) {
    return xmlError(400, 'InvalidArgument', 'Only one auth mechanism allowed')
  }
  const verdict = options.signedUrls.verify(request.url)
  if (verdict === 'expired') return expiredReply(new Date(options.now()))
  // The URL is signed for GET alone, so a HEAD has the wrong signature.
  if (verdict === 'wrong' || request.method !== 'GET') {
    return xmlError(403, 'SignatureDoesNotMatch', 'The request signature does not match.')
  }
  return undefined
}

/** The file for which the URL was given out; its bytes may be those of others too. */
export function fileOfCdnRequest(request: SeenRequest): string | undefined {
  const asked = request.query.get('response-content-disposition') ?? ''
  const mark = "UTF-8''"
  return asked.includes(mark) ? asked.slice(asked.indexOf(mark) + mark.length) : undefined
}

function dispositionOf(request: SeenRequest): Record<string, string> {
  const name = fileOfCdnRequest(request)
  if (name === undefined) return {}
  return { 'Content-Disposition': `inline; filename*=UTF-8''${encodeHubSegment(name)}` }
}

function xmlError(status: number, code: string, message: string): Reply {
  const xml =
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<Error><Code>${code}</Code><Message>${message}</Message></Error>`
  return textReply(status, xml, { 'Content-Type': 'application/xml' })
}
