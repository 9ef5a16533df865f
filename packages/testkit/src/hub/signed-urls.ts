import { createHmac, randomBytes } from 'node:crypto'

/** What a CDN finds out about a signed URL. */
export type SignatureVerdict = 'valid' | 'expired' | 'wrong'

export interface SignedUrls {
  /** Signs the path and query, good for the configured time from now. */
  sign(path: string, query?: Readonly<Record<string, string>>): string
  /** Checks a request target as it came. */
  verify(target: string): SignatureVerdict
  /** Every URL signed until now has expired. */
  expireAll(): void
}

export interface SignedUrlsOptions {
  /** Read for each URL that is signed. */
  readonly lifetimeSeconds: () => number
  readonly now: () => number
}

/** Presigned URLs in the form of S3's: `X-Amz-Date`, `X-Amz-Expires`, `X-Amz-Signature`. */
export function createSignedUrls(options: SignedUrlsOptions): SignedUrls {
  const keys = [randomBytes(16)]
  const signature = (target: string, key: Buffer): string =>
    createHmac('sha256', key).update(target).digest('hex')
  const current = (): Buffer => keys.at(-1) ?? Buffer.alloc(0)
  return {
    sign(path, query = {}) {
      const parameters = new URLSearchParams({
        ...query,
        'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
        'X-Amz-Date': amzDate(options.now()),
        'X-Amz-Expires': String(options.lifetimeSeconds()),
        'X-Amz-SignedHeaders': 'host',
      })
      const target = `${path}?${parameters}`
      return `${target}&X-Amz-Signature=${signature(target, current())}`
    },
    verify(target) {
      const [signed = '', given = ''] = target.split('&X-Amz-Signature=')
      const key = keys.find((candidate) => signature(signed, candidate) === given)
      if (key === undefined) return 'wrong'
      if (key !== current() || options.now() >= expiryOf(signed)) return 'expired'
      return 'valid'
    },
    expireAll() {
      keys.push(randomBytes(16))
    },
  }
}

/** `20260102T030405Z` */
function amzDate(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/[-:]|\.\d+/g, '')
}

function expiryOf(target: string): number {
  const query = new URLSearchParams(target.slice(target.indexOf('?')))
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get('X-Amz-Date') ?? '')
  const [, year, month, day, hour, minute, second] = parts ?? []
  const signedAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return signedAt + Number(query.get('X-Amz-Expires')) * 1000
}
