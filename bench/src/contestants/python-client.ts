import { hubClientEnv, xetClientEnv } from '@windlass/testkit'
import type { Bench } from '../bench.ts'
import type { Contestant } from '../measure/run-rounds.ts'
import { outsideProgram } from './outside-program.ts'

const DOWNLOAD = `
import sys
from huggingface_hub import snapshot_download
snapshot_download(sys.argv[1])
`

/** `snapshot_download` of the Hub's own client, which checks no hash. */
export function pythonClient(
  bench: Bench,
  { model, xet }: { readonly model: string; readonly xet: boolean },
): Contestant {
  const { endpoint } = bench.origin.hub
  return outsideProgram(bench, {
    tool: 'python',
    args: () => ['-c', DOWNLOAD, model],
    env: (folder) => (xet ? xetClientEnv(endpoint, folder) : hubClientEnv(endpoint, folder)),
  })
}
