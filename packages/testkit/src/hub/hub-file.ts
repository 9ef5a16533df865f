import { createHash } from 'node:crypto'
import { digestBytes, gitBlobSha1 } from '../bytes/digests.ts'
import { createRandomBytes, type RandomBytesSpec } from '../bytes/random-bytes.ts'
import { bytesInMemory, type VirtualBytes } from '../bytes/virtual-bytes.ts'

/** A file to put on the fake Hub. */
export interface HubFileSpec {
  readonly path: string
  readonly content: string | Uint8Array | RandomBytesSpec
  /** By default, described content and the usual extensions of weights and archives are LFS. */
  readonly lfs?: boolean
  /** Announces the file as Xet-backed; implies `lfs`. */
  readonly xet?: boolean
}

/** A file of one commit, with everything the Hub says about it. */
export interface HubFile {
  readonly path: string
  readonly bytes: VirtualBytes
  /** git's name of what is committed: the content, or the pointer for LFS. */
  readonly oid: string
  readonly lfs?: HubLfs
}

export interface HubLfs {
  readonly sha256: string
  readonly pointer: string
  readonly xetHash?: string
}

const LFS_EXTENSIONS =
  /\.(7z|arrow|bin|bz2|ckpt|ftz|gguf|gz|h5|joblib|lfs|model|msgpack|npy|npz|onnx|ot|parquet|pb|pickle|pkl|pt|pth|rar|safetensors|tar|tflite|tgz|wasm|xz|zip|zst)$/

/** Computes what the Hub says about the file. */
export async function createHubFile(spec: HubFileSpec): Promise<HubFile> {
  const bytes = contentBytes(spec.content)
  const isDescribed = typeof spec.content === 'object' && 'seed' in spec.content
  const isLfs = spec.xet === true || (spec.lfs ?? (isDescribed || LFS_EXTENSIONS.test(spec.path)))
  const digests = await digestBytes(bytes)
  if (!isLfs) return { path: spec.path, bytes, oid: digests.gitSha1 }
  const pointer =
    'version https://git-lfs.github.com/spec/v1\n' +
    `oid sha256:${digests.sha256}\nsize ${bytes.sizeBytes}\n`
  // Clients never check this hash, so any that follows from the content will do.
  const xetHash = createHash('sha256').update(`xet:${digests.sha256}`).digest('hex')
  const lfs = { sha256: digests.sha256, pointer, ...(spec.xet === true ? { xetHash } : {}) }
  return { path: spec.path, bytes, oid: gitBlobSha1(pointer), lfs }
}

function contentBytes(content: HubFileSpec['content']): VirtualBytes {
  if (typeof content === 'string' || content instanceof Uint8Array) return bytesInMemory(content)
  return createRandomBytes(content.seed, content.sizeBytes)
}
