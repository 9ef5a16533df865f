import { expect, it } from 'vitest'
import type { TransferUnit } from '../stores/store.ts'
import { type FetchContext, fetchUnit } from './fetch-unit.ts'
import { RunProgress } from './run-progress.ts'
import { UnitHashers } from './unit-hashers.ts'

const digest = { algorithm: 'sha256', hex: 'ab' } as const
const file = { path: 'a', sizeBytes: 3, digest, validator: null }
const unit: TransferUnit = { key: 'ab', file, paths: ['a'] }

it('gives its connection back before it verifies and publishes, and not before all bytes are there', async () => {
  const happened: string[] = []
  const does = (what: string) => async (): Promise<void> => {
    // A turn later, so that whoever does not wait is found out.
    await Promise.resolve()
    happened.push(what)
  }
  const hashing = {
    open: () => ({
      advance() {},
      finish: () => does('verified')().then(() => 'ab'),
      dispose() {},
    }),
    close: async () => undefined,
  }
  const staged = { partPath: '/p', journalPath: '/j' }
  const context: FetchContext = {
    carrier: {
      id: 'test',
      transfer: () => does('fetched')().then(() => ({ sizeBytes: 3 })),
      discard: does('discarded'),
    },
    hashers: new UnitHashers(hashing),
    session: {
      claim: async () => ({ kind: 'staged', staged, release: () => undefined }),
      adopt: does('adopted'),
      publish: does('published'),
      finish: async () => '/',
    },
    progress: new RunProgress([unit], () => 0),
    throttle: { open: () => ({ pieceBytes: 1, take: () => null, close() {} }) },
    spare: () => null,
    identity: 'x',
    locate: () => Promise.reject(new Error('nobody asks')),
    onNotice: () => undefined,
    onAllReceived: async () => undefined,
  }
  const { signal } = new AbortController()
  const leave = (): void => void happened.push('left')
  await fetchUnit(unit, context, { signal, bypassCaches: false, leave })
  expect(happened).toEqual(['fetched', 'left', 'verified', 'published'])
})
