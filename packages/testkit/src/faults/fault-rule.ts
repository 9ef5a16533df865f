/** Which requests a rule is about; every field that is given must agree. */
export interface FaultMatch {
  /** The listener, such as `hub` or `cdn`. */
  readonly role?: string
  /** A string is found anywhere in the decoded path (no query); an expression is tested on it. */
  readonly path?: string | RegExp
  /** The file that the request is about, on any host: its whole path inside the repository. */
  readonly file?: string | RegExp
  readonly method?: string
  /** The first byte that the request's `Range` asks for. */
  readonly rangeFrom?: number
  /** At least this far into the file. */
  readonly rangeFromAtLeast?: number
  /** Request headers, names in lower case. */
  readonly header?: Readonly<Record<string, string | RegExp>>
  /** Only requests that come while this says so; the others are not counted. */
  readonly when?: () => boolean
  /** Spare the matching requests before this one, counted from 1. Alone it means this one only. */
  readonly nth?: number
  /** How many requests the rule is for; without limit unless `nth` is given. */
  readonly times?: number
}

/** What goes wrong. Offsets "in the body" count from the first byte of this one answer. */
export interface FaultAction {
  /** Answers this status instead, with `body` and `headers`. */
  readonly status?: number
  /** Changes the answer's headers; `null` takes one away. */
  readonly headers?: Readonly<Record<string, string | null>>
  readonly body?: string | Uint8Array
  /** Answers 302 to this place. */
  readonly redirect?: string
  /** Answers 403 as an expired signed URL does. */
  readonly expire?: boolean
  /** Closes (`fin`) or resets the connection without an answer. */
  readonly hangUp?: 'fin' | 'reset'
  /** Writes exactly this to the connection, as Latin-1, in place of an answer, and closes it. */
  readonly raw?: string
  /** Writes exactly this to the connection, as Latin-1, before the answer. */
  readonly rawBefore?: string
  readonly delayHeadersMs?: number
  /** Answers as if there had been no `Range`. */
  readonly ignoreRange?: boolean
  /** Answers a 206 with no more than so many bytes. */
  readonly maxRangeBytes?: number
  /** Answers a 206 about something other than what was asked. */
  readonly wrongContentRange?: WrongContentRange
  /** `Content-Length` is this much more (or less) than what is sent. */
  readonly lieLength?: number
  /** Sends the body gzip'd, whatever the request accepts. */
  readonly gzip?: boolean
  /** Flips one bit at this offset of the file (not of the answer). */
  readonly flipBitAt?: number
  /** Sends other content of the same size: the random bytes of this seed. */
  readonly serveOther?: string
  /** Closes the connection after so many bytes in the body. */
  readonly cutAt?: number
  /** With `cutAt`, on TLS: closes without `close_notify`. */
  readonly unclean?: boolean
  /** Resets the connection after so many bytes in the body. */
  readonly rstAt?: number
  /** Sends nothing more, and keeps the connection, after so many bytes in the body. */
  readonly stallAt?: number
  /** Ends the body after so many bytes as if that were all: chunked, without a length. */
  readonly truncateClean?: number
  readonly bytesPerSecond?: number
}

export interface WrongContentRange {
  /** Sends, and declares, a range that starts so many bytes later. */
  readonly shiftBytes?: number
  /** Declares a start so many bytes later than the one it sends. */
  readonly lieBytes?: number
  /** Sends, and declares, everything to the end of the file, however little was asked for. */
  readonly toTheEnd?: boolean
  /** Declares this total; `*` for an unknown one. */
  readonly total?: number | '*'
  /** Answers 206 with no `Content-Range`. */
  readonly omit?: boolean
}

export interface FaultRule {
  readonly match?: FaultMatch
  readonly do: FaultAction
}

export interface FaultHandle {
  /** How many requests the rule was applied to. */
  readonly hits: number
  remove(): void
}
