import type { SecureContextOptions, SecureVersion } from 'node:tls'
import { type CertificateKind, createTestCertificates } from '../tls/test-certificates.ts'

export interface TlsSettings {
  /** `good` unless given. */
  readonly certificate?: CertificateKind
  /** The only version spoken; TLS 1.3 unless given. */
  readonly version?: SecureVersion
}

/** What a TLS listener shows and speaks, changeable from one connection to the next. */
export interface TlsSwitch {
  /** The authority of its certificates, in PEM. */
  readonly ca: string
  /** For the `tls` of a listener. */
  context(): SecureContextOptions
  use(settings: TlsSettings): void
}

/** Makes an authority of its own; the good certificate and TLS 1.3 at first. */
export function createTlsSwitch(): TlsSwitch {
  const certificates = createTestCertificates(Date.now())
  let current: TlsSettings = {}
  return {
    ca: certificates.ca,
    context() {
      const { certificate = 'good', version = 'TLSv1.3' } = current
      // Versions before 1.2 need algorithms that OpenSSL refuses at its usual level.
      const ciphers = version < 'TLSv1.2' ? { ciphers: 'DEFAULT@SECLEVEL=0' } : {}
      return {
        ...certificates.of(certificate),
        minVersion: version,
        maxVersion: version,
        ...ciphers,
      }
    },
    use(settings) {
      current = settings
    },
  }
}
