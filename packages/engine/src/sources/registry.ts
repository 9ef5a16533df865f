import { WindlassError } from '../errors/windlass-error.ts'
import type { Source, SourceRef } from './source.ts'

/** The sources of one engine, in the order they are asked. */
export class SourceRegistry {
  readonly #sources: ReadonlyMap<string, Source>

  constructor(sources: readonly Source[]) {
    this.#sources = new Map(sources.map((source) => [source.id, source]))
    if (this.#sources.size !== sources.length) throw new TypeError('two sources share an id')
  }

  /**
   * The first source that claims the text, and what it reads in it.
   * @param options.revision asked for beside the text
   * @throws WindlassError REF_INVALID when no source claims it, or the one that does cannot read it
   */
  parse(
    text: string,
    options: { readonly revision?: string } = {},
  ): { readonly source: Source; readonly ref: SourceRef } {
    for (const source of this.#sources.values()) {
      const ref = source.parse(text, options)
      if (ref !== null) return { source, ref }
    }
    throw new WindlassError('REF_INVALID', { detail: JSON.stringify(text.slice(0, 200)) })
  }

  /** @throws WindlassError INTERNAL when there is no such source */
  get(id: string): Source {
    const source = this.#sources.get(id)
    if (source === undefined) throw new WindlassError('INTERNAL', { detail: `no source ${id}` })
    return source
  }
}
