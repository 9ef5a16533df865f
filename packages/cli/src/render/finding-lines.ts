import type { Finding } from '../doctor/finding.ts'
import { pad } from './display-width.ts'
import type { Paint } from './paint.ts'
import { printable } from './printable.ts'

const STYLES = { ok: 'green', warn: 'yellow', bad: 'red' } as const
const LEVEL_WIDTH = 4
/** Of the longest name of a check; they come one after the other. */
const NAME_WIDTH = 9

/** One line for each check, and one more for what is to be done. */
export function findingLines(findings: readonly Finding[], paint: Paint): string[] {
  return findings.flatMap(({ level, name, text, todo }) => [
    `${paint(STYLES[level], pad(level, LEVEL_WIDTH))}  ${pad(name, NAME_WIDTH)}  ${printable(text)}`,
    ...(todo === undefined
      ? []
      : [`${' '.repeat(LEVEL_WIDTH + NAME_WIDTH + 4)}${printable(todo)}`]),
  ])
}
