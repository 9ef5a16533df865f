/** SQLite's primary result codes that we tell apart (sqlite.org/rescode.html). */
export const SQLITE_BUSY = 5
export const SQLITE_READONLY = 8
export const SQLITE_IOERR = 10
export const SQLITE_FULL = 13
export const SQLITE_NOTADB = 26

/** The primary result code of an error of `node:sqlite`; null for any other error. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error)) return null
  return typeof error.errcode === 'number' ? error.errcode & 0xff : null
}
