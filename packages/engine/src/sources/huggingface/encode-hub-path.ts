/**
 * A repository's path as a `/resolve/` address holds it: the encoding of Python's
 * `quote`, which escapes everything but letters, digits, `_.-~` and the slashes.
 */
export function encodeHubPath(path: string): string {
  return encodeURIComponent(path)
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}
