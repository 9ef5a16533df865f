import type { DownloadPlan } from '@windlass/contract'
import { expect, it } from 'vitest'
import { planLines, planSummary } from './plan-lines.ts'

const plan: DownloadPlan = {
  ref: 'org/name',
  source: 'huggingface',
  title: 'org/name',
  revision: '0123456789abcdef0123456789abcdef01234567',
  destination: '/cache',
  files: [
    { path: 'config.json', sizeBytes: 600, present: true },
    { path: 'model.safetensors', sizeBytes: 5.6e9, present: false },
  ],
  totalBytes: 5_600_000_600,
  missingBytes: 5.6e9,
  freeBytes: 120e9,
  reservedBytes: 1.2e9,
  fits: true,
}

it('marks what is there and sums up the rest', () => {
  expect(planLines(plan, null)).toEqual([
    'org/name at 0123456789ab',
    'File               To fetch',
    'config.json               -',
    'model.safetensors    5.6 GB',
    'Will fetch 1 file (of 2), 5.6 GB. Free: 120 GB (1.2 GB kept free). It fits.',
  ])
})

it('says how much room is missing', () => {
  expect(planSummary({ ...plan, freeBytes: 2e9, fits: false })).toMatch(
    /It does not fit: 4\.8 GB more must be free\.$/,
  )
})

it('says when there is nothing to do', () => {
  const files = plan.files.map((file) => ({ ...file, present: true }))
  expect(planSummary({ ...plan, files, missingBytes: 0 })).toBe(
    'Everything is there: 2 files, 5.6 GB.',
  )
})
