import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'
import * as der from './der.ts'

export interface CertificateOptions {
  /** DNS names and IPv4 addresses that it is for. */
  readonly names: readonly string[]
  /** Epoch milliseconds; a day ago and a year from now by default. */
  readonly notBefore?: number
  readonly notAfter?: number
}

/** A certificate and its key, in PEM, as `node:tls` takes them. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

/** Who signs, and whose keys are signed. */
export interface Identity {
  readonly name: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export interface CertificateSpec extends CertificateOptions {
  readonly subject: Identity
  readonly issuer: Identity
  /** Whether it may sign others; then its names do not count. */
  readonly isAuthority?: boolean
}

const DAY_MS = 24 * 3600_000
const ECDSA_WITH_SHA256 = der.sequence(der.objectId('1.2.840.10045.4.3.2'))

/** Makes a certificate that is signed by itself, with a key of its own. */
export function createCertificate(options: CertificateOptions): Certificate {
  const self = newIdentity('Windlass test')
  return { key: keyOf(self), cert: issueCertificate({ ...options, subject: self, issuer: self }) }
}

/** A name with new keys. */
export function newIdentity(name: string): Identity {
  return { name, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) }
}

export function keyOf({ privateKey }: Identity): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** X.509 version 3 (RFC 5280 §4.1), in PEM. */
export function issueCertificate(spec: CertificateSpec): string {
  const { subject, issuer } = spec
  const now = Date.now()
  const { notBefore = now - DAY_MS, notAfter = now + 365 * DAY_MS } = spec
  const contents = der.sequence(
    der.tagged(0, der.integer(Buffer.from([2]))),
    der.integer(randomBytes(12)),
    ECDSA_WITH_SHA256,
    nameOf(issuer),
    der.sequence(der.time(notBefore), der.time(notAfter)),
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

function extensionsOf({ isAuthority = false, names }: CertificateSpec): Buffer[] {
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
