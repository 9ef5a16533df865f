import { WindlassError } from '../../errors/windlass-error.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Secret } from '../../runtime/secret.ts'

/** A token may be made valid again by its owner, so the refusal is not for ever. */
const REST_MS = 60_000

/**
 * The token that the Hub refused last: the other downloads are not to show it again one by one.
 * Another token is not affected.
 */
export class RefusedToken {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  #refused: { readonly token: string; readonly untilMs: number } | null = null

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  note(token: Secret): void {
    const untilMs = this.#clock.monotonicMs() + REST_MS
    this.#refused = { token: token.reveal(), untilMs }
  }

  /**
   * @param what what the token would be shown for
   * @throws WindlassError HTTP_AUTH when this token was refused a moment ago
   */
  refuse(token: Secret, what: string): void {
    if (this.#refused?.token !== token.reveal()) return
    const leftMs = this.#refused.untilMs - this.#clock.monotonicMs()
    if (leftMs <= 0) return
    const seconds = Math.ceil(leftMs / 1000)
    throw new WindlassError('HTTP_AUTH', {
      detail: `${what}: refused a moment ago, and not shown again for ${seconds} s`,
    })
  }
}
