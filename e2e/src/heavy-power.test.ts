import { expect, test } from 'vitest'
import { volumeObstacle } from './heavy/ext4-volume.ts'
import { powerCuts } from './heavy/power-cuts.ts'
import { reportLines } from './heavy/report-lines.ts'
import { say } from './heavy/say.ts'

// A share of `npm run proofs power`, which makes it 100.
test('P11: a power cut harms nothing that is complete and loses nothing that was accepted', {
  timeout: 300_000,
}, async ({ skip }) => {
  const obstacle = await volumeObstacle()
  skip(obstacle !== null, obstacle ?? '')
  const proof = await powerCuts({ count: 6, say })
  for (const line of reportLines(proof)) say(line)
  expect(proof.broken).toEqual([])
})
