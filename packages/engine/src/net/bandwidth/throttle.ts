/** Paces one body. */
export interface ByteMeter {
  /** The most that should be read at once, so that a limit is kept to without bursts. */
  readonly pieceBytes: number
  /**
   * `bytes` have come. Nothing more may be read until the promise resolves, so that TCP slows
   * the sender down; null when more may come at once. It rejects with the reason of the
   * meter's signal.
   */
  take(bytes: number): Promise<void> | null
  /** The body is at its end, or given up. What it had set aside is for others. */
  close(): void
}

/** How a carrier keeps to the limits of the download that it works for. */
export interface Throttle {
  /** A meter for one body. `url` is where its bytes come from, after all redirects. */
  open(url: URL, options: { readonly signal: AbortSignal }): ByteMeter
}
