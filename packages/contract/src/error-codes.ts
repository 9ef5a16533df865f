/**
 * What the engine may do about a failure. The runner reads only this field,
 * never a message and never an HTTP status.
 */
export type Disposition =
  | 'retry' // same bytes, same place, after a pause
  | 'restart' // the partial file cannot be continued; drop it and begin again
  | 'blocked' // a person must act first
  | 'fail' // this download cannot succeed
  | 'halt' // the engine itself cannot go on

export interface ErrorSpec {
  /** HTTP status of the API answer that carries this error. */
  readonly status: number
  readonly disposition: Disposition
  /** What happened, as the first half of a sentence; the detail follows after a colon. */
  readonly message: string
  /** What the person can do; absent where waiting is all there is to do. */
  readonly hint?: string
}

const row = (
  status: number,
  disposition: Disposition,
  message: string,
  hint?: string,
): ErrorSpec => ({ status, disposition, message, ...(hint === undefined ? {} : { hint }) })

/** Every code a person can meet. Codes are public: add freely, never rename. */
export const ERROR_CODES = {
  NET_DNS: row(
    502,
    'retry',
    'The host name could not be looked up',
    'Check the network and the spelling of the host.',
  ),
  NET_DOWN: row(
    502,
    'retry',
    'This machine has no way to the network',
    'The download goes on within seconds of the network coming back, however long that takes.',
  ),
  NET_REFUSED: row(
    502,
    'retry',
    'The host refused the connection',
    'The host may be down; the download goes on when it answers.',
  ),
  NET_RESET: row(502, 'retry', 'The connection dropped'),
  NET_TIMEOUT: row(504, 'retry', 'The host did not answer in time'),
  NET_STALL: row(504, 'retry', 'The host stopped sending'),
  NET_SHORT_BODY: row(502, 'retry', 'The host ended the transfer too early'),
  NET_TLS: row(
    502,
    'blocked',
    'The secure connection could not be trusted',
    'Check the clock of this machine and the certificate of the host or proxy.',
  ),
  PROXY_AUTH: row(
    502,
    'blocked',
    'The proxy wants a name and a password',
    'Put them into HTTP_PROXY and HTTPS_PROXY (http://NAME:PASSWORD@HOST:PORT), then resume.',
  ),
  PROXY_ERROR: row(
    502,
    'blocked',
    'The proxy refused the connection',
    'Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY, and what the proxy allows, then resume.',
  ),
  HTTP_SERVER: row(502, 'retry', 'The host has a problem'),
  HTTP_RATE_LIMITED: row(
    429,
    'retry',
    'The host asked us to slow down',
    'The download goes on by itself at the time shown; a token often has a higher limit.',
  ),
  HTTP_AUTH: row(
    401,
    'blocked',
    'The host did not accept the token',
    'Set a valid token (`windlass token set huggingface`, or HF_TOKEN) and resume.',
  ),
  HTTP_GATED: row(
    403,
    'blocked',
    'Access to this repository must be granted first',
    'Open the repository page, accept its conditions with the account of your token, then resume.',
  ),
  HTTP_FORBIDDEN: row(
    403,
    'blocked',
    'The host refuses access',
    'Check that the token has the right to read this, then resume.',
  ),
  HTTP_NOT_FOUND: row(404, 'fail', 'The host has no such file'),
  HTTP_LEGAL: row(451, 'fail', 'The host may not serve this for legal reasons'),
  HTTP_PROTOCOL: row(
    502,
    'fail',
    'The host answered in a way that makes no sense',
    'A proxy or a portal may answer in its place; if not, tell those who run the host. Then retry.',
  ),
  HTTP_REDIRECT_LOOP: row(
    502,
    'fail',
    'The host redirects in a circle',
    'A sign-in that is missing may be the reason; open the address in a browser, then retry.',
  ),
  HTTP_REDIRECT_BLOCKED: row(
    502,
    'fail',
    'A redirect to an unsafe address was refused',
    'A portal of this network may stand in between; retry from another network, or tell those who run the host.',
  ),
  URL_BLOCKED: row(
    403,
    'fail',
    'This address may not be reached',
    'It is private or reserved, or its port is not for http. If it is yours, name it in WINDLASS_ALLOW_HOSTS and retry.',
  ),
  LINK_EXPIRED: row(502, 'retry', 'The signed link of the file has expired'),
  REPO_NOT_FOUND: row(
    404,
    'fail',
    'There is no such repository',
    'Check the spelling and the kind (model, dataset or space).',
  ),
  REPO_PRIVATE: row(
    401,
    'blocked',
    'The repository is private, gated or does not exist',
    'Check the spelling. If it is private or gated, set a token with access (`windlass token set huggingface`, or HF_TOKEN) and resume.',
  ),
  REPO_DISABLED: row(403, 'fail', 'The host has disabled this repository'),
  REPO_RENAMED: row(409, 'fail', 'The repository has a new name', 'Use the new name from now on.'),
  REVISION_NOT_FOUND: row(
    404,
    'fail',
    'The repository has no such revision',
    'Check the branch, tag or commit.',
  ),
  HUB_OFFLINE: row(
    503,
    'blocked',
    'The Hub is switched off by HF_HUB_OFFLINE',
    'Unset HF_HUB_OFFLINE and resume.',
  ),
  RANGE_MISMATCH: row(502, 'retry', 'The host sent other bytes than asked for'),
  RANGE_UNSUPPORTED: row(
    502,
    'restart',
    'The host cannot continue a file in the middle',
    'Retry on a line that does not break: the file has to come in one piece.',
  ),
  ENCODING_UNEXPECTED: row(
    502,
    'fail',
    'The host sent the file in an encoding that was not asked for',
    'A proxy in between may pack what it passes on; retry without it, or tell those who run the host.',
  ),
  SOURCE_CHANGED: row(
    409,
    'restart',
    'The file changed on the host',
    'It changed again after it was begun anew. Resume when nobody writes to it there any more.',
  ),
  SOURCE_GONE: row(
    410,
    'fail',
    'The file is no longer on the host',
    'The bytes received so far are kept.',
  ),
  PARTIAL_LOST: row(409, 'restart', 'The unfinished file disappeared and is fetched anew'),
  CONTENT_UNEXPECTED: row(
    502,
    'blocked',
    'The host sent a page instead of the file',
    'A sign-in page, a captive portal or a proxy may stand in between; open the address in a browser, then resume.',
  ),
  SIZE_MISMATCH: row(
    502,
    'fail',
    'The file has another size than announced',
    'The host serves a damaged or another file; nothing was put in place. Try again later.',
  ),
  SIZE_LIMIT: row(
    502,
    'fail',
    'The host keeps sending a file whose size it does not tell',
    'It is longer than any file should be, and nothing of it was kept. Check the address.',
  ),
  METADATA_TOO_LARGE: row(
    502,
    'fail',
    'The host sent more metadata than is sane',
    'Check that the endpoint is the one that you mean (HF_ENDPOINT), then retry.',
  ),
  HASH_MISMATCH: row(
    502,
    'fail',
    'The bytes do not match the checksum',
    'The host serves a damaged file; nothing was put in place. Try again later.',
  ),
  NAME_INVALID: row(
    422,
    'fail',
    'A file name is not safe to write',
    'Leave the file out with --exclude.',
  ),
  NAME_COLLISION: row(
    409,
    'blocked',
    'Two files differ only in upper and lower case, which this disk cannot hold',
    'Leave one of them out with --exclude.',
  ),
  NOTHING_SELECTED: row(
    422,
    'fail',
    'No file matches the selection',
    'Check --include, --exclude and the quantisation.',
  ),
  DISK_FULL: row(
    507,
    'blocked',
    'There is not enough free space',
    'Free some space; the download goes on by itself when there is enough.',
  ),
  DISK_QUOTA: row(
    507,
    'blocked',
    'The disk quota is used up',
    'Free some space; the download goes on by itself when there is enough.',
  ),
  DISK_IO: row(500, 'blocked', 'The disk reported an error', 'Check the disk, then resume.'),
  DISK_READONLY: row(500, 'blocked', 'The disk is read-only', 'Make it writable, then resume.'),
  PERM_DENIED: row(
    500,
    'blocked',
    'Windlass may not write there',
    'Give this user the right to write, then resume.',
  ),
  VOLUME_GONE: row(
    500,
    'blocked',
    'The folder has disappeared',
    'Mount the volume again, then resume.',
  ),
  VOLUME_SPLIT: row(
    500,
    'blocked',
    'Folders that belong together are on different file systems',
    'Keep the folders of one repository, its hidden one included, on one file system, then resume.',
  ),
  DEST_EXISTS: row(
    409,
    'blocked',
    'Something else is in the place of a file',
    'Move it out of the way, then resume.',
  ),
  FILE_TOO_LARGE: row(
    507,
    'blocked',
    'The disk cannot hold a file of this size',
    'Use a file system without that limit (FAT ends at 4 GiB), or raise the limit (ulimit -f), then resume.',
  ),
  TOO_MANY_FILES: row(
    503,
    'retry',
    'There are too many open files',
    'The download goes on with fewer connections; a higher limit (ulimit -n) makes it faster.',
  ),
  WORKER_LOST: row(500, 'retry', 'A thread of Windlass ended, and another one takes its place'),
  POISON_JOB: row(
    500,
    'fail',
    'Windlass ended again and again while it worked on this download',
    'What is there is kept. See the log and the memory of this machine for what ended it, then retry.',
  ),
  STORE_CHANGED: row(409, 'retry', 'A file that was in place has disappeared from the cache'),
  TIME_LIMIT: row(
    504,
    'fail',
    'The download took longer than its time limit',
    'Raise WINDLASS_TIME_LIMIT and retry; every byte is kept.',
  ),
  REF_INVALID: row(
    422,
    'fail',
    'This reference cannot be understood',
    'Use org/name, org/name@revision, org/name:QUANT, hf://... or a Hub page address.',
  ),
  BAD_REQUEST: row(400, 'fail', 'The request is not valid'),
  SETTINGS_INVALID: row(400, 'fail', 'A setting is not valid'),
  AUTH_REQUIRED: row(
    401,
    'fail',
    'A valid API token is needed',
    'Send `Authorization: Bearer TOKEN`; the token is in WINDLASS_HOME/token.',
  ),
  SIGN_IN_INVALID: row(
    401,
    'fail',
    'This does not sign you in',
    'A sign-in link works once, for an hour. The API token signs you in as well; `windlass serve` prints where it is, and a new link when it starts.',
  ),
  TOO_MANY_GUESSES: row(
    429,
    'fail',
    'Too many wrong tokens came from this address',
    'Wait until the time shown, then use the right one.',
  ),
  TOO_MANY_REQUESTS: row(
    429,
    'fail',
    'Too many requests of this kind came from this address',
    'Wait until the time shown. One request can act on many downloads.',
  ),
  DOWNLOAD_NOT_FOUND: row(404, 'fail', 'There is no such download', 'See `windlass ls`.'),
  MODEL_NOT_FOUND: row(
    404,
    'fail',
    'There is no such model on this machine',
    '`windlass models ls` shows what is there.',
  ),
  ALREADY_DOWNLOADING: row(
    409,
    'fail',
    'This model is being downloaded already',
    'Follow the download that is there; a paused one wants to be resumed.',
  ),
  SOURCE_UNAVAILABLE: row(
    501,
    'fail',
    'This version cannot fetch from sites of that kind',
    'Use the site itself until a version can.',
  ),
  DESTINATION_UNAVAILABLE: row(
    501,
    'fail',
    'This version cannot put a download into a folder of your choice',
    'Leave the destination out; the files go into the cache of the Hub.',
  ),
  UPGRADE_REQUIRED: row(426, 'fail', 'This address speaks WebSocket only'),
  ROUTE_NOT_FOUND: row(404, 'fail', 'There is no such route'),
  INVALID_STATE: row(409, 'fail', 'Not possible in this state'),
  DOWNLOAD_STOPPED: row(
    409,
    'fail',
    'The download was stopped by somebody',
    'Resume it when it is paused, retry it when it is cancelled.',
  ),
  QUEUE_FULL: row(429, 'fail', 'The queue is full', 'Try again when some downloads have finished.'),
  IDEMPOTENCY_KEY_REUSED: row(
    422,
    'fail',
    'Another request was sent with this Idempotency-Key',
    'Use a new key for each request, and the same one only to send the same request again.',
  ),
  PAYLOAD_TOO_LARGE: row(413, 'fail', 'The request is too large'),
  UNSUPPORTED_MEDIA_TYPE: row(415, 'fail', 'Only JSON is accepted'),
  HOST_REJECTED: row(
    421,
    'fail',
    'The Host header does not name this server',
    'Use the address that `windlass serve` printed.',
  ),
  ORIGIN_REJECTED: row(403, 'fail', 'Requests from other web pages are refused'),
  TOO_MANY_STREAMS: row(503, 'retry', 'Too many readers follow the events already'),
  SERVER_CLOSING: row(503, 'retry', 'The Windlass server is shutting down'),
  LOCK_HELD: row(
    409,
    'halt',
    'Another Windlass owns this home',
    'Use that one, stop it, or set WINDLASS_HOME to another folder.',
  ),
  DB_TOO_NEW: row(
    500,
    'halt',
    'The database was written by a newer Windlass',
    'Start that newer version, set WINDLASS_HOME to another folder, or put `windlass.db.before-upgrade` in the place of `windlass.db`: it lacks what came after the upgrade.',
  ),
  STORAGE_BROKEN: row(500, 'halt', 'The database is unusable'),
  SERVER_UNREACHABLE: row(
    502,
    'fail',
    'The Windlass server does not answer',
    'Start it with `windlass serve`, or check WINDLASS_SERVER.',
  ),
  INTERNAL: row(500, 'fail', 'This is a bug in Windlass', 'Please report it with the log.'),
} as const satisfies Record<string, ErrorSpec>

export type ErrorCode = keyof typeof ERROR_CODES

/** All codes, for schemas and docs. */
export const ERROR_CODE_NAMES = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]
