import { cutMiddle, displayWidth, pad } from './display-width.ts'

export interface Column {
  readonly title: string
  readonly align?: 'right'
  /** The column that gives way when the terminal is too narrow. */
  readonly flexible?: boolean
}

const GAP = '  '
const NARROWEST = 8

/** Lines of a table; cells must be printable. `width` null = as wide as it comes, as for a pipe. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | null,
): string[] {
  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.title), ...rows.map((row) => displayWidth(row[index] ?? ''))),
  )
  const flexible = columns.findIndex((column) => column.flexible === true)
  const excess =
    widths.reduce((sum, one) => sum + one, GAP.length * (columns.length - 1)) -
    (width ?? Number.POSITIVE_INFINITY)
  if (flexible >= 0 && excess > 0) {
    widths[flexible] = Math.max(NARROWEST, (widths[flexible] ?? 0) - excess)
  }
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, index) => {
        const size = widths[index] ?? 0
        return pad(cutMiddle(cells[index] ?? '', size), column.align === 'right' ? -size : size)
      })
      .join(GAP)
      .trimEnd()
  return [line(columns.map((column) => column.title)), ...rows.map(line)]
}
