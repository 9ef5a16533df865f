const SAFE = /^[\w@%+=:,./-]+$/

/** `text` as one word of a POSIX shell, so that a command can be copied and run. */
export function shellQuote(text: string): string {
  return SAFE.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
