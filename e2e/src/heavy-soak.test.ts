import { expect, test } from 'vitest'
import { reportLines } from './heavy/report-lines.ts'
import { say } from './heavy/say.ts'
import { soak } from './heavy/soak.ts'

// A share of `npm run proofs soak`, which makes it an hour.
test('a server that is plagued by faults and kills takes up no more at the end than before', {
  timeout: 300_000,
}, async ({ skip }) => {
  skip(process.platform !== 'linux', 'what a process takes up is read from /proc')
  const proof = await soak({ minutes: 0.6, bytesPerSecond: 1_000_000, stalls: false, say })
  for (const line of reportLines(proof)) say(line)
  expect(proof.broken).toEqual([])
})
