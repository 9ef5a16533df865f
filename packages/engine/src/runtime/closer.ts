/** Closes things in the reverse of the order they were opened, once, and reports every failure. */
export class Closer {
  readonly #steps: { readonly name: string; readonly close: () => Promise<void> | void }[] = []
  #closing: Promise<void> | undefined

  add<T>(name: string, thing: T, close: (thing: T) => Promise<void> | void): T {
    if (this.#closing !== undefined) throw new TypeError(`${name} was opened after close() began`)
    this.#steps.push({ name, close: () => close(thing) })
    return thing
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  async #closeAll(): Promise<void> {
    const failures: unknown[] = []
    for (const step of this.#steps.toReversed()) {
      try {
        await step.close()
      } catch (cause) {
        failures.push(new Error(`could not close ${step.name}`, { cause }))
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'unclean shutdown')
  }
}
