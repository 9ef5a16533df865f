import type { Paint } from './paint.ts'
import { printable } from './printable.ts'

/** How every failure is told: what happened, then what can be done. */
export function failureLines(
  failure: { readonly message: string; readonly hint?: string | undefined },
  paint: Paint,
): string[] {
  const message = `${paint('red', 'error:')} ${printable(failure.message)}`
  return failure.hint === undefined
    ? [message]
    : [message, `${paint('dim', 'hint:')} ${printable(failure.hint)}`]
}
