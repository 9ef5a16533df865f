import { stripVTControlCharacters } from 'node:util'
import type { CliHost, Output } from '../host.ts'
import { displayWidth } from '../render/display-width.ts'

const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
const ERASE_LINE_END = '\u001b[K'
const ERASE_BELOW = '\u001b[J'

/**
 * A picture at the end of the terminal that is drawn over itself. The cursor is
 * hidden meanwhile, and comes back whatever way the process ends.
 */
export class LiveScreen {
  readonly #output: Output
  /** Null once the screen is closed. */
  #forgetExit: (() => void) | null
  #widths: readonly number[] = []

  constructor(host: Pick<CliHost, 'stderr' | 'onExit'>) {
    this.#output = host.stderr
    this.#forgetExit = host.onExit(() => this.#output.write(SHOW_CURSOR))
    this.#output.write(HIDE_CURSOR)
  }

  /** Replaces the picture. Each line must be narrower than the terminal. */
  draw(lines: readonly string[]): void {
    if (this.#forgetExit === null) return
    const body = lines.map((line) => `${line}${ERASE_LINE_END}\n`).join('')
    this.#output.write(this.#toTop() + body + ERASE_BELOW)
    this.#widths = lines.map((line) => displayWidth(stripVTControlCharacters(line)))
  }

  /** Writes lines that stay, above the picture; the next draw puts the picture below them. */
  print(text: string): void {
    this.#output.write(`${this.#toTop()}${ERASE_BELOW}${text}\n`)
    this.#widths = []
  }

  /** Leaves the last picture where it is and gives the cursor back. */
  close(): void {
    if (this.#forgetExit === null) return
    this.#forgetExit()
    this.#forgetExit = null
    this.#output.write(SHOW_CURSOR)
  }

  #toTop(): string {
    const columns = Math.max(1, this.#output.columns())
    // A window that was made narrower has wrapped the lines of the last picture.
    const rows = this.#widths.reduce(
      (sum, width) => sum + Math.max(1, Math.ceil(width / columns)),
      0,
    )
    return rows === 0 ? '\r' : `\r\u001b[${rows}A`
  }
}
