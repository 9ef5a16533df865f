import type { HubTreeFile } from '../placement.ts'

const XET_HASH = /^[0-9a-f]{64}$/

/**
 * The text of `trees/<commit>.json`, byte for byte as `huggingface_hub` 1.33
 * writes it: with it the Python client knows offline whether a snapshot is whole.
 */
export function treeFileText(tree: readonly HubTreeFile[]): string {
  // Python sorts by code point, which is the order of the UTF-8 bytes and not of UTF-16.
  const sorted = tree
    .map((file) => ({ file, key: Buffer.from(file.path) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
  // By hand, because an object would put names like `1` first and lose `__proto__`.
  const files = sorted.map(({ file }) => `  ${ascii(file.path)}: ${entryText(file)}`)
  const body = files.length === 0 ? '{}' : `{\n${files.join(',\n')}\n }`
  return `{\n "format_version": 1,\n "files": ${body}\n}`
}

function entryText(file: HubTreeFile): string {
  const lines = [`   "size": ${file.sizeBytes}`, `   "blob_id": ${ascii(file.blobId)}`]
  if (file.lfs !== undefined) {
    lines.push(`   "lfs_sha256": ${ascii(file.lfs.sha256)}`, `   "lfs_size": ${file.lfs.sizeBytes}`)
  }
  // One malformed hash makes Python ignore the whole listing.
  if (file.xetHash !== undefined && XET_HASH.test(file.xetHash)) {
    lines.push(`   "xet_hash": ${ascii(file.xetHash)}`)
  }
  return `{\n${lines.join(',\n')}\n  }`
}

/** JSON as Python's `json.dump` writes it: everything beyond printable ASCII escaped. */
function ascii(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
