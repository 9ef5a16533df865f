import fc from 'fast-check'
import { expect, it } from 'vitest'
import { diskFullError } from './disk-full-error.ts'
import { Reservations, type SpaceRequest } from './reservations.ts'

const GIB = 1024 ** 3
const request: SpaceRequest = {
  id: 'a',
  volume: 'disk',
  neededBytes: 100 * GIB,
  totalBytes: 100 * GIB,
  freeBytes: 110 * GIB,
  policy: { share: 0.1, minBytes: GIB },
}

it('lets a download in that leaves exactly its margin free', () => {
  expect(new Reservations().check(request)).toMatchObject({
    ok: true,
    marginBytes: 10 * GIB,
    missingBytes: 0,
  })
})

it('says how much is missing', () => {
  const verdict = new Reservations().check({ ...request, freeBytes: 110 * GIB - 1 })
  expect(verdict).toMatchObject({ ok: false, missingBytes: 1 })
})

it('keeps the fixed margin for a small download', () => {
  const small = { ...request, neededBytes: 10, totalBytes: 10, freeBytes: GIB }
  expect(new Reservations().check(small)).toMatchObject({ ok: false, marginBytes: GIB })
})

it('counts what others on the same volume have yet to write, and not one’s own', () => {
  const ledger = new Reservations()
  ledger.set('a', 'disk', 5)
  ledger.set('b', 'disk', 7)
  ledger.set('c', 'elsewhere', 11)
  expect(ledger.check(request)).toMatchObject({ ok: false, reservedBytes: 7, missingBytes: 7 })
  ledger.release('b')
  expect(ledger.check(request)).toMatchObject({ ok: true, reservedBytes: 0 })
})

it('replaces what a download had noted before', () => {
  const ledger = new Reservations()
  ledger.set('b', 'disk', 7)
  ledger.set('b', 'disk', 3)
  expect(ledger.check(request).reservedBytes).toBe(3)
})

it('never stops a download that has nothing left to write', () => {
  expect(new Reservations().check({ ...request, neededBytes: 0, freeBytes: 0 }).ok).toBe(true)
})

it('never promises more than the free space to downloads that are let in one by one', () => {
  const download = fc.record({
    bytes: fc.integer({ min: 1, max: 1000 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(download), fc.integer({ min: 0, max: 5000 }), (downloads, freeBytes) => {
      const ledger = new Reservations()
      let promised = 0
      for (const [index, { bytes, share }] of downloads.entries()) {
        const id = String(index)
        const policy = { share, minBytes: 5 }
        const sizes = { neededBytes: bytes, totalBytes: bytes }
        if (!ledger.check({ id, volume: 'disk', ...sizes, freeBytes, policy }).ok) continue
        ledger.set(id, 'disk', bytes)
        promised += bytes
      }
      expect(promised === 0 || promised + 5 <= freeBytes).toBe(true)
    }),
  )
})

it('explains a full disk with numbers that people can read', () => {
  const ledger = new Reservations()
  ledger.set('b', 'disk', 2_000_000_000)
  const error = diskFullError(
    ledger.check({ ...request, neededBytes: 12e9, totalBytes: 12e9, freeBytes: 4.5e9 }),
    '/models',
  )
  expect(error.code).toBe('DISK_FULL')
  expect(error.message).toBe(
    'There is not enough free space: 12.0 GB needed, 2.0 GB promised to other downloads, 1.2 GB kept free, but only 4.5 GB free at /models',
  )
  expect(error.hint).toContain('10.7 GB')
  expect(error.facts).toMatchObject({ where: '/models', missingBytes: 10.7e9 })
})
