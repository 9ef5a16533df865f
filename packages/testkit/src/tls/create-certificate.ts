import { generateKeyPairSync, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'

export interface CertificateOptions {
  /** Host names and IPv4 addresses that it is for. */
  readonly names: readonly string[]
  /** Epoch milliseconds; a day ago and a year from now by default. */
  readonly notBefore?: number
  readonly notAfter?: number
}

/** In PEM, as `https.createServer` takes them. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

const DAY_MS = 86_400_000
/** Tags of ASN.1's types (X.690) and of X.509's own fields. */
const TAG = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  time: 0x17,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
  extensions: 0xa3,
  dnsName: 0x82,
  ipAddress: 0x87,
} as const
const OID = {
  ecdsaWithSha256: '2a8648ce3d040302',
  commonName: '550403',
  subjectAltName: '551d11',
} as const

/** Makes a certificate that is signed by itself (RFC 5280), with a key of its own. */
export function createCertificate(options: CertificateOptions): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = sequence(oid(OID.ecdsaWithSha256))
  const name = sequence(der(TAG.set, sequence(oid(OID.commonName), der(TAG.utf8, text('test')))))
  const now = Date.now()
  const times = [options.notBefore ?? now - DAY_MS, options.notAfter ?? now + 365 * DAY_MS]
  const body = sequence(
    der(TAG.version, der(TAG.integer, Buffer.of(2))),
    der(TAG.integer, Buffer.of(1)),
    algorithm,
    name,
    sequence(...times.map(utcTime)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(TAG.extensions, sequence(subjectAltName(options.names))),
  )
  const signature = sign('sha256', body, privateKey)
  const certificate = sequence(body, algorithm, der(TAG.bits, Buffer.of(0), signature))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: pem(certificate),
  }
}

function subjectAltName(names: readonly string[]): Buffer {
  const entries = names.map((name) =>
    isIPv4(name)
      ? der(TAG.ipAddress, Buffer.from(name.split('.').map(Number)))
      : der(TAG.dnsName, text(name)),
  )
  return sequence(oid(OID.subjectAltName), der(TAG.octets, sequence(...entries)))
}

/** `YYMMDDhhmmssZ`, right until 2049. */
function utcTime(time: number): Buffer {
  const digits = new Date(time).toISOString().replace(/\D/g, '').slice(2, 14)
  return der(TAG.time, text(`${digits}Z`))
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(TAG.sequence, ...parts)
}

function oid(hex: string): Buffer {
  return der(TAG.oid, Buffer.from(hex, 'hex'))
}

function text(value: string): Buffer {
  return Buffer.from(value, 'utf8')
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content])
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content])
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').replace(/.{64}/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}
