import { join } from 'node:path'
import { runProgram } from '@windlass/testkit'

export interface Certificate {
  readonly certificate: string
  readonly key: string
}

/** A certificate for `localhost` that signed itself, good for a day; clients are told to trust it. */
export async function makeCertificate(openssl: string, folder: string): Promise<Certificate> {
  const certificate = join(folder, 'certificate.pem')
  const key = join(folder, 'key.pem')
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  args.push('-nodes', '-days', '1', '-subj', '/CN=localhost')
  args.push('-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1')
  args.push('-keyout', key, '-out', certificate)
  const { exitCode, stderr } = await runProgram(openssl, { args })
  if (exitCode !== 0) throw new Error(`openssl made no certificate: ${stderr}`)
  return { certificate, key }
}
