import { readFile } from 'node:fs/promises'
import { parseJson } from '@windlass/contract'
import { z } from 'zod'
import { orNullIfAbsent } from '../disk/system-error.ts'
import type { HubCacheLayout } from '../stores/hub-cache/layout.ts'
import type { HubTreeFile } from '../stores/placement.ts'

const size = z.int().min(0)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

const TreeFile = z.object({
  format_version: z.literal(1),
  files: z.record(
    z.string().min(1),
    z.object({
      size,
      blob_id: z.string().regex(/^[0-9a-f]{40}$/),
      lfs_sha256: sha256.nullish(),
      lfs_size: size.nullish(),
      xet_hash: sha256.nullish(),
    }),
  ),
})

/**
 * The listing of a commit as some client left it in the cache; null when there is none, or one
 * that cannot be read, which the Python client passes over too.
 */
export async function readTreeFile(
  layout: HubCacheLayout,
  commit: string,
): Promise<readonly HubTreeFile[] | null> {
  const text = await orNullIfAbsent(readFile(layout.tree(commit), 'utf8'))
  const parsed = text === null ? null : TreeFile.safeParse(parseJson(text)).data
  if (parsed == null) return null
  return Object.entries(parsed.files).map(([path, file]) => ({
    path,
    sizeBytes: file.lfs_size ?? file.size,
    blobId: file.blob_id,
    ...(file.lfs_sha256 == null
      ? {}
      : { lfs: { sha256: file.lfs_sha256, sizeBytes: file.lfs_size ?? file.size } }),
    ...(file.xet_hash == null ? {} : { xetHash: file.xet_hash }),
  }))
}
