import { WindlassError } from '../../errors/windlass-error.ts'

/** Watches for two paths that a file system blind to upper and lower case takes for one. */
export class NameCollisions {
  readonly #paths = new Map<string, string>()

  /** @throws WindlassError NAME_COLLISION when another path came before; that one stays as it is */
  claim(paths: readonly string[]): void {
    for (const path of paths) {
      const key = path.normalize('NFC').toLowerCase()
      const first = this.#paths.get(key) ?? path
      if (first !== path) {
        throw new WindlassError('NAME_COLLISION', { detail: `${first} and ${path}` })
      }
      this.#paths.set(key, path)
    }
  }
}
