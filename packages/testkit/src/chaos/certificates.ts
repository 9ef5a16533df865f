import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'
import * as der from './der.ts'

/** A certificate and its key, in PEM, as `node:tls` takes them. */
export interface KeyAndCertificate {
  readonly key: string
  readonly cert: string
}

/** `renewed` is another good one; `self-signed` is of no authority at all. */
export type CertificateKind =
  | 'good'
  | 'renewed'
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-name'
  | 'self-signed'

export interface TestCertificates {
  /** The authority's certificate, in PEM, for a client that is to trust it. */
  readonly ca: string
  of(kind: CertificateKind): KeyAndCertificate
}

const DAY_MS = 24 * 3600_000
const ECDSA_WITH_SHA256 = der.sequence(der.objectId('1.2.840.10045.4.3.2'))
const OWN_NAMES = ['localhost', '127.0.0.1']

/** A new authority and a certificate of each kind; nothing of it lasts longer than the process. */
export function createTestCertificates(now: number): TestCertificates {
  const authority: Identity = { name: 'Windlass test authority', ...newKeys() }
  const ca = certificate({ subject: authority, issuer: authority, isAuthority: true }, now)
  const made = new Map<CertificateKind, KeyAndCertificate>()
  const make = (kind: CertificateKind): KeyAndCertificate => {
    const subject: Identity = { name: `Windlass test host, ${kind}`, ...newKeys() }
    const issuer = kind === 'self-signed' ? subject : authority
    const cert = certificate({ subject, issuer, ...PECULIARITIES[kind] }, now)
    const pair = {
      key: subject.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      cert,
    }
    made.set(kind, pair)
    return pair
  }
  return { ca, of: (kind) => made.get(kind) ?? make(kind) }
}

interface Identity {
  readonly name: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

interface CertificateSpec {
  readonly subject: Identity
  readonly issuer: Identity
  readonly isAuthority?: boolean
  /** Days from now. */
  readonly validFrom?: number
  readonly validTo?: number
  /** DNS names and IPv4 addresses. */
  readonly names?: readonly string[]
}

const PECULIARITIES: Readonly<Record<CertificateKind, Partial<CertificateSpec>>> = {
  good: {},
  renewed: {},
  expired: { validFrom: -30, validTo: -1 },
  'not-yet-valid': { validFrom: 1, validTo: 30 },
  'wrong-name': { names: ['elsewhere.example'] },
  'self-signed': {},
}

function newKeys(): Pick<Identity, 'publicKey' | 'privateKey'> {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

/** X.509 version 3 (RFC 5280 §4.1). */
function certificate(spec: CertificateSpec, now: number): string {
  const { subject, issuer, validFrom = -2, validTo = 30 } = spec
  const contents = der.sequence(
    der.tagged(0, der.integer(Buffer.from([2]))),
    der.integer(randomBytes(12)),
    ECDSA_WITH_SHA256,
    nameOf(issuer),
    der.sequence(der.time(now + validFrom * DAY_MS), der.time(now + validTo * DAY_MS)),
    nameOf(subject),
    subject.publicKey.export({ type: 'spki', format: 'der' }),
    der.tagged(3, der.sequence(...extensionsOf(spec))),
  )
  const signature = sign('sha256', contents, issuer.privateKey)
  return pem(der.sequence(contents, ECDSA_WITH_SHA256, der.bits(signature)))
}

function nameOf({ name }: Identity): Buffer {
  return der.sequence(der.set(der.sequence(der.objectId('2.5.4.3'), der.utf8(name))))
}

function extensionsOf({ isAuthority = false, names = OWN_NAMES }: CertificateSpec): Buffer[] {
  const constraints = der.sequence(...(isAuthority ? [der.yes] : []))
  const basic = der.sequence(der.objectId('2.5.29.19'), der.yes, der.octets(constraints))
  if (isAuthority) return [basic]
  const alternatives = der.sequence(...names.map(alternativeName))
  return [basic, der.sequence(der.objectId('2.5.29.17'), der.octets(alternatives))]
}

function alternativeName(name: string): Buffer {
  if (isIPv4(name)) return der.tagged(7, Buffer.from(name.split('.').map(Number)), false)
  return der.tagged(2, Buffer.from(name, 'latin1'), false)
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
