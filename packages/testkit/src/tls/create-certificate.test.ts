import { X509Certificate } from 'node:crypto'
import { expect, it } from 'vitest'
import { createCertificate } from './create-certificate.ts'

it('makes a certificate for its names and times, signed by its own key', () => {
  const notBefore = Date.UTC(2024, 0, 2, 3, 4, 5)
  const notAfter = Date.UTC(2030, 11, 31)
  const names = ['a.example.org', 'b.example.org', '127.0.0.1']
  const made = new X509Certificate(createCertificate({ names, notBefore, notAfter }).cert)
  expect(made.verify(made.publicKey)).toBe(true)
  expect(made.checkHost('b.example.org')).toBe('b.example.org')
  expect(made.checkHost('c.example.org')).toBeUndefined()
  expect(made.checkIP('127.0.0.1')).toBe('127.0.0.1')
  expect([made.validFromDate.getTime(), made.validToDate.getTime()]).toEqual([notBefore, notAfter])
})
