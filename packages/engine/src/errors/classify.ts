import type { ErrorCode } from '@windlass/contract'
import { errors } from 'undici'
import { SQLITE_FULL, SQLITE_IOERR, SQLITE_READONLY, sqliteCode } from '../database/sqlite-error.ts'
import { systemCode } from '../disk/system-error.ts'
import { tlsHint } from './tls-hint.ts'
import { isWindlassError, WindlassError } from './windlass-error.ts'

/** Node's and undici's error codes, and what they mean to a download. */
const SYSTEM_CODES: Readonly<Record<string, ErrorCode>> = {
  ENOTFOUND: 'NET_DNS',
  EAI_AGAIN: 'NET_DNS',
  EAI_FAIL: 'NET_DNS',
  ECONNREFUSED: 'NET_REFUSED',
  EHOSTUNREACH: 'NET_REFUSED',
  ENETUNREACH: 'NET_DOWN',
  EHOSTDOWN: 'NET_REFUSED',
  ENETDOWN: 'NET_DOWN',
  ECONNRESET: 'NET_RESET',
  ECONNABORTED: 'NET_RESET',
  EPIPE: 'NET_RESET',
  UND_ERR_SOCKET: 'NET_RESET',
  ETIMEDOUT: 'NET_TIMEOUT',
  UND_ERR_CONNECT_TIMEOUT: 'NET_TIMEOUT',
  UND_ERR_HEADERS_TIMEOUT: 'NET_TIMEOUT',
  UND_ERR_BODY_TIMEOUT: 'NET_STALL',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'NET_SHORT_BODY',
  UND_ERR_HEADERS_OVERFLOW: 'HTTP_PROTOCOL',
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_QUOTA',
  EIO: 'DISK_IO',
  EROFS: 'DISK_READONLY',
  EACCES: 'PERM_DENIED',
  EPERM: 'PERM_DENIED',
  ENOENT: 'VOLUME_GONE',
  ENOTDIR: 'VOLUME_GONE',
  ESTALE: 'VOLUME_GONE',
  EXDEV: 'VOLUME_SPLIT',
  EISDIR: 'DEST_EXISTS',
  ELOOP: 'DEST_EXISTS',
  ENAMETOOLONG: 'NAME_INVALID',
  EFBIG: 'FILE_TOO_LARGE',
  EMFILE: 'TOO_MANY_FILES',
  ENFILE: 'TOO_MANY_FILES',
}

/** SQLite's primary result codes, and what they mean to the one who asked for a change. */
const SQLITE_CODES: Readonly<Record<number, ErrorCode>> = {
  [SQLITE_FULL]: 'DISK_FULL',
  [SQLITE_IOERR]: 'DISK_IO',
  [SQLITE_READONLY]: 'DISK_READONLY',
}

const CERTIFICATE_CODES = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/**
 * Turns whatever was thrown below us into a WindlassError, walking the cause
 * chain once. Called by the runner, the HTTP error handler and the CLI only.
 */
export function classify(thrown: unknown): WindlassError {
  let error: unknown = thrown
  for (let depth = 0; error instanceof Error && depth < 8; depth++) {
    if (isWindlassError(error)) return error
    const known = fromParser(error, thrown) ?? fromSystem(error, thrown)
    if (known !== null) return known
    error = error instanceof AggregateError ? error.errors[0] : error.cause
  }
  return new WindlassError('INTERNAL', {
    cause: thrown,
    ...(thrown instanceof Error ? { detail: thrown.message } : {}),
  })
}

function fromSystem(error: Error, cause: unknown): WindlassError | null {
  const { path, syscall } = error as NodeJS.ErrnoException
  const found = systemCode(error)
  if (found === undefined) return null
  // What glibc's resolver says for want of a descriptor.
  const code = syscall === 'getaddrinfo' && found === 'EBUSY' ? 'EMFILE' : found
  const facts = { system: code }
  const broken = SQLITE_CODES[sqliteCode(error) ?? 0]
  if (broken !== undefined) return new WindlassError(broken, { cause, detail: 'database' })
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO' || CERTIFICATE_CODES.has(code)) {
    const host = hostOf(error)
    const detail = host === undefined ? code : `${host} (${code})`
    return new WindlassError('NET_TLS', { cause, detail, facts, hint: tlsHint(code) })
  }
  const mapped = SYSTEM_CODES[code]
  if (mapped === undefined) return null
  return new WindlassError(mapped, {
    cause,
    facts,
    ...detailOf(path ?? hostOf(error)),
  })
}

/** What is no HTTP. undici's parser names its reasons in words only, so its class has to tell. */
function fromParser(error: Error, cause: unknown): WindlassError | null {
  if (!(error instanceof errors.HTTPParserError)) return null
  return new WindlassError('HTTP_PROTOCOL', { cause, ...detailOf(hostOf(error)) })
}

/** As `namingHost` noted it, or Node itself. */
function hostOf(error: Error): string | undefined {
  return 'host' in error && typeof error.host === 'string' ? error.host : undefined
}

function detailOf(detail: string | undefined): { readonly detail?: string } {
  return detail === undefined ? {} : { detail }
}
