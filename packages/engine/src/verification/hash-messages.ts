import type { Digest } from '../sources/source.ts'

/** What the hashing thread is told. */
export type HashRequest =
  | {
      readonly type: 'open'
      readonly id: number
      readonly path: string
      readonly algorithm: Digest['algorithm']
      readonly sizeBytes: number
    }
  /** The first `contiguousBytes` will not change any more. */
  | { readonly type: 'advance'; readonly id: number; readonly contiguousBytes: number }
  /** What was hashed counts no more; the file may even be another one. */
  | { readonly type: 'restart'; readonly id: number }
  /** `tellsProgress` asks for `progress` on the way. */
  | {
      readonly type: 'finish'
      readonly id: number
      readonly sizeBytes: number
      readonly tellsProgress: boolean
    }
  | { readonly type: 'dispose'; readonly id: number }

/** What the hashing thread tells; `finished` or `failed` answers a `finish`. */
export type HashReply =
  | { readonly type: 'progress'; readonly id: number; readonly hashedBytes: number }
  | { readonly type: 'finished'; readonly id: number; readonly hex: string }
  | { readonly type: 'failed'; readonly id: number; readonly failure: HashFailure }

/** An error on its way between threads, where an error's own fields are lost. */
export interface HashFailure {
  readonly message: string
  readonly fields: {
    readonly code?: string | undefined
    readonly errno?: number | undefined
    readonly syscall?: string | undefined
    readonly path?: string | undefined
  }
}
