import { expect, test } from 'vitest'
import { kills } from './heavy/kills.ts'
import { reportLines } from './heavy/report-lines.ts'
import { say } from './heavy/say.ts'

// A share of `npm run proofs kills`, which makes it 500.
test.for([
  { connections: 1, count: 20 },
  { connections: 8, count: 20 },
])(
  'a server that is killed $count times over $connections connections loses and spoils nothing',
  {
    timeout: 300_000,
  },
  async ({ connections, count }, { skip }) => {
    skip(process.platform !== 'linux', 'what the kernel still holds is only told by Linux')
    const proof = await kills({ connections, count, say })
    for (const line of reportLines(proof)) say(line)
    expect(proof.broken).toEqual([])
  },
)
