/** One entry of a repository's recursive tree, as the Hub lists it. */
export interface HubTreeFile {
  readonly path: string
  readonly sizeBytes: number
  /** Git's object id; for an LFS file that of its pointer. */
  readonly blobId: string
  readonly lfs?: { readonly sha256: string; readonly sizeBytes: number }
  readonly xetHash?: string
}

/** Finished bytes go into the standard Hugging Face cache. */
export interface HubCachePlacement {
  readonly store: 'hub-cache'
  readonly repoType: 'model' | 'dataset' | 'space'
  /** As the person wrote it, since the cache folder is named after it. */
  readonly repoId: string
  /** 40 hex digits. */
  readonly commit: string
  /** The branch, tag or `refs/...` that was asked for; null when it was the commit itself. */
  readonly refName: string | null
  /** The whole listing, whatever the selection. */
  readonly tree: readonly HubTreeFile[]
}

/** Where finished bytes go: which store, and what it needs to know. JSON-safe, kept in the database. */
export type Placement = HubCachePlacement
