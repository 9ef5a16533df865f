import { writeFile } from 'node:fs/promises'
import { requireTool, runPython, tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import type { HubTreeFile } from '../placement.ts'
import { treeFileText } from './tree-file.ts'

const SHA1 = 'a'.repeat(40)
const SHA256 = 'b'.repeat(64)
const plain = (path: string): HubTreeFile => ({ path, sizeBytes: 5, blobId: SHA1 })
const TREE: readonly HubTreeFile[] = [
  ...['10', '9', '__proto__', 'a/b.txt', 'a.txt', 'ä "q" \\ \u007f', 'π', '\ue000', '😀', 'ﬀ'].map(
    plain,
  ),
  {
    path: 'model.bin',
    sizeBytes: 2 ** 40,
    blobId: SHA1,
    lfs: { sha256: SHA256, sizeBytes: 2 ** 40 },
    xetHash: 'c'.repeat(64),
  },
]

const WRITE = `
import json, sys
from huggingface_hub._tree_cache import TreeCacheEntry, write_tree_cache
files = json.load(open(sys.argv[2]))
entries = {f["path"]: TreeCacheEntry(f["sizeBytes"], f["blobId"], f.get("lfs", {}).get("sha256"),
           f.get("lfs", {}).get("sizeBytes"), f.get("xetHash")) for f in files}
write_tree_cache(sys.argv[1], "${SHA1}", entries)
sys.stdout.write(open(sys.argv[1] + "/trees/${SHA1}.json").read())
`

for (const client of ['huggingface-hub-1', 'huggingface-hub-2'] as const) {
  it(`is byte for byte what ${client} writes`, async (context) => {
    const python = requireTool(context, client)
    await using dir = await tempDir()
    for (const [index, tree] of [TREE, []].entries()) {
      await writeFile(dir.join('tree.json'), JSON.stringify(tree))
      const args = [dir.join(String(index)), dir.join('tree.json')]
      const { stdout, stderr } = await runPython(python, WRITE, { args })
      expect(stderr).toBe('')
      expect(treeFileText(tree)).toBe(stdout)
    }
  })
}

it('leaves a malformed Xet hash out, since the client would ignore the whole listing', () => {
  const text = treeFileText([{ ...plain('a'), xetHash: 'nonsense' }])
  expect(JSON.parse(text)).toEqual({
    format_version: 1,
    files: { a: { size: 5, blob_id: SHA1 } },
  })
})
