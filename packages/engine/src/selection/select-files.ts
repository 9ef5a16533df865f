import { compileFnmatch } from './compile-fnmatch.ts'

export interface FileSelection {
  /** Keep what matches one of these. Absent means everything; an empty list means nothing. */
  readonly include?: readonly string[] | undefined
  /** Leave out what matches one of these; wins over `include`. */
  readonly exclude?: readonly string[] | undefined
}

/**
 * The files that a person selected by patterns, in their order. As the Hub's client
 * reads patterns (`filter_repo_objects`): {@link compileFnmatch} on the whole path, `\`
 * means `/` in both, and a pattern that ends in `/` means everything below it.
 */
export function selectFiles<T extends { readonly path: string }>(
  files: readonly T[],
  { include, exclude }: FileSelection,
): T[] {
  const included = include?.map(compile)
  const excluded = exclude?.map(compile) ?? []
  return files.filter((file) => {
    const path = slashes(file.path)
    if (included !== undefined && !included.some((matches) => matches(path))) return false
    return !excluded.some((matches) => matches(path))
  })
}

function compile(pattern: string): (path: string) => boolean {
  const plain = slashes(pattern)
  return compileFnmatch(plain.endsWith('/') ? `${plain}*` : plain)
}

function slashes(text: string): string {
  return text.replaceAll('\\', '/')
}
