import type { ErrorCode } from '@windlass/contract'
import type { Credential } from '../net/credential.ts'
import type { ResponseHead } from '../net/response-head.ts'
import type { Placement } from '../stores/placement.ts'

/** A parsed reference to something downloadable. Opaque outside its own source. */
export interface SourceRef {
  readonly source: string
  /** One text for one meaning: two refs mean the same exactly when these are equal. */
  readonly canonical: string
}

export interface Digest {
  /** `git-sha1` is git's blob hash: sha1 over `blob <size>\0` and the content. */
  readonly algorithm: 'sha256' | 'git-sha1'
  /** Lower case. */
  readonly hex: string
}

export interface RemoteFile {
  /** Relative, with `/`, already proven safe to write below a folder. */
  readonly path: string
  readonly sizeBytes: number | null
  readonly digest: Digest | null
  /** A strong validator known before the first byte; null when the digest is the identity. */
  readonly validator: string | null
}

/** Something a person should know that stops nothing. */
export interface Notice {
  readonly code: ErrorCode
  readonly message: string
  readonly path?: string
}

/** A source's answer: everything a reference stands for at this moment. */
export interface Resolution {
  readonly title: string
  /** Immutable revision, when the host has one. */
  readonly revision: string | null
  /** Files the ref itself stands for; include and exclude are applied later. */
  readonly files: readonly RemoteFile[]
  readonly placement: Placement
  readonly notices: readonly Notice[]
}

/** Where a file's bytes can be asked for, and how the way to them is to be read. */
export interface ByteOrigin {
  /** Lasting address; it may redirect to a signed one that does not last. */
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly credentials: readonly Credential[]
  /**
   * Called with the head of every answer on the way, redirects included, before its body.
   * @throws WindlassError when the host says no, or says that the file is another one
   */
  judge(head: ResponseHead): void
}

export interface CallOptions {
  readonly signal: AbortSignal
}

/**
 * A family of hosts: says WHAT a ref stands for and WHERE its bytes come from.
 * Implementations hold no download state, never touch the disk, never retry, and
 * report every failure as a WindlassError.
 */
export interface Source {
  readonly id: string

  /**
   * Returns null when the text is not for this source. Pure: no I/O.
   * `revision` is what the person asked for beside the text.
   * @throws WindlassError REF_INVALID when the text is for this source but makes no sense
   */
  parse(text: string, options?: { readonly revision?: string }): SourceRef | null

  /** Asks the host what the reference stands for. */
  resolve(ref: SourceRef, options: CallOptions): Promise<Resolution>

  /** Says where the bytes of one file of a resolution come from. */
  locate(
    target: {
      readonly ref: SourceRef
      readonly revision: string | null
      readonly file: RemoteFile
    },
    options: CallOptions,
  ): Promise<ByteOrigin>
}
