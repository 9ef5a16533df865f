import {
  type Certificate,
  type CertificateOptions,
  issueCertificate,
  keyOf,
  newIdentity,
} from './create-certificate.ts'

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
  of(kind: CertificateKind): Certificate
}

const DAY_MS = 24 * 3600_000
const OWN_NAMES = ['localhost', '127.0.0.1']

/** A new authority and a certificate of each kind; nothing of it lasts longer than the process. */
export function createTestCertificates(now: number): TestCertificates {
  const authority = newIdentity('Windlass test authority')
  const ca = issueCertificate({
    subject: authority,
    issuer: authority,
    isAuthority: true,
    names: [],
    ...daysFrom(now, -2, 30),
  })
  const made = new Map<CertificateKind, Certificate>()
  const make = (kind: CertificateKind): Certificate => {
    const subject = newIdentity(`Windlass test host, ${kind}`)
    const issuer = kind === 'self-signed' ? subject : authority
    const cert = issueCertificate({ subject, issuer, ...peculiaritiesOf(kind, now) })
    const pair = { key: keyOf(subject), cert }
    made.set(kind, pair)
    return pair
  }
  return { ca, of: (kind) => made.get(kind) ?? make(kind) }
}

function peculiaritiesOf(kind: CertificateKind, now: number): CertificateOptions {
  const names = kind === 'wrong-name' ? ['elsewhere.example'] : OWN_NAMES
  if (kind === 'expired') return { names, ...daysFrom(now, -30, -1) }
  if (kind === 'not-yet-valid') return { names, ...daysFrom(now, 1, 30) }
  return { names, ...daysFrom(now, -2, 30) }
}

function daysFrom(now: number, first: number, last: number) {
  return { notBefore: now + first * DAY_MS, notAfter: now + last * DAY_MS }
}
