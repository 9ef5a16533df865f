/** Where the bytes of a body go. */
export interface BodySink {
  /**
   * Where the next bytes are to be put: asked for before they are read, and kept until they
   * are. Null when no more are wanted; then the body is given up, and `ended` says so.
   */
  room(): Uint8Array | null
  /**
   * So many bytes were put into the room that was given last. Nothing more comes until the
   * promise resolves, so that TCP slows the sender down; null when more may come at once.
   */
  filled(bytes: number): Promise<unknown> | null
  /** The last call, unless it is `failed`: the body is at its end, or no more was wanted. */
  ended(): void
  /** The last call: the body broke off, or its request was stopped. */
  failed(error: unknown): void
}

/** The bytes of an answer: poured once, iterated once, or given up. */
export interface ResponseBody extends AsyncIterable<Buffer> {
  /** Lets the body flow. What came already is put into the sink before this returns. */
  pour(sink: BodySink): void
  /** Reads the little that is left, so that the connection serves another request. */
  discard(): void
  /** Gives the body up, and its connection with it unless it was at its end. */
  destroy(): void
}
