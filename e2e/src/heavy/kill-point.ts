import type { SeededRandom } from '../support/seeded-random.ts'

/** When a life ends: anywhere, and often where two steps meet. */
export type KillPoint =
  /** While it starts. */
  | 'start'
  /** After any number of bytes. */
  | 'transfer'
  /** Shortly after the last byte of a file or of a download: while it is checked and put in place. */
  | 'finish'
  /** Just after a download was accepted. */
  | 'accept'

const SHARES: readonly (readonly [KillPoint, number])[] = [
  ['start', 0.2],
  ['transfer', 0.55],
  ['finish', 0.15],
  ['accept', 0.1],
]

export function randomKillPoint(random: SeededRandom): KillPoint {
  let left = random.next()
  for (const [point, share] of SHARES) {
    left -= share
    if (left < 0) return point
  }
  return 'transfer'
}
