import { lstat, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256OfRandomBytes } from '../bytes/digests.ts'
import { sha256File } from '../files/file-hashes.ts'
import { type TempDir, tempDir } from '../files/temp-dir.ts'
import {
  type OutsideTool,
  requireTool,
  runPython,
  type SkippableContext,
  xetClientEnv,
} from '../outside-tools.ts'
import { type FakeHub, startFakeHub } from './fake-hub.ts'
import { XORB_CONTENT_BYTES } from './xorb.ts'

const DOWNLOAD = `
import sys
from huggingface_hub import snapshot_download
print(snapshot_download(sys.argv[1]))
`

const WEIGHTS = { seed: 'xet', sizeBytes: 5_000_001 }
const TOOLS: OutsideTool[] = ['huggingface-hub-1', 'huggingface-hub-2']

describe.each(TOOLS)('%s with Xet', { timeout: 120_000 }, (tool) => {
  let hub: FakeHub
  let home: TempDir

  beforeEach(async () => {
    hub = await startFakeHub()
    home = await tempDir()
  })

  afterEach(async () => {
    await hub.close()
    await home.remove()
  })

  async function download(context: SkippableContext, repo: string): Promise<string> {
    const env = xetClientEnv(hub.endpoint, home.path)
    const result = await runPython(requireTool(context, tool), DOWNLOAD, { env, args: [repo] })
    expect(result.exitCode, result.stderr).toBe(0)
    return result.stdout.trim()
  }

  test('puts a file together from its parts and files it in the shared store', async (context) => {
    const sha256 = await sha256OfRandomBytes(WEIGHTS)
    const files = [{ path: 'model.safetensors', content: WEIGHTS, xet: true }]
    await hub.addRepo({ id: 'org/one', files })
    await hub.addRepo({ id: 'org/two', files })
    expect(await sha256File(join(await download(context, 'org/one'), 'model.safetensors'))).toBe(
      sha256,
    )
    const asked = hub.log.map(({ role, path }) => `${role} ${path.split('/')[1]}`)
    expect(asked).toContain('cdn xorbs')
    expect(asked).not.toContain('cdn xet-bridge-us')
    const blob = home.join('hub/models--org--one/blobs', sha256)
    expect((await lstat(blob)).isSymbolicLink()).toBe(true)
    expect(await readlink(blob)).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{2}\/[0-9a-f]{64}$/)

    hub.clearLog()
    const second = await download(context, 'org/two')
    expect(await sha256File(join(second, 'model.safetensors'))).toBe(sha256)
    expect(hub.log.filter(({ role }) => role === 'cdn')).toEqual([])
  })

  test('puts a file of several xorbs together', async (context) => {
    const content = { seed: 'several', sizeBytes: XORB_CONTENT_BYTES + 100_001 }
    await hub.addRepo({ id: 'org/big', files: [{ path: 'a.bin', content, xet: true }] })
    const path = join(await download(context, 'org/big'), 'a.bin')
    expect(await sha256File(path)).toBe(await sha256OfRandomBytes(content))
  })
})
