import type { Figure, Target } from '../bench-case.ts'
import { meetsTarget, type Report } from './report.ts'

const GIB = 1024 ** 3
const HEADINGS = ['', 'median', 'min', 'max', 'target', ''] as const

/** The report as a person reads it: the machine, then a table for each case. */
export function reportLines(report: Report): readonly string[] {
  return [...factLines(report), ...report.cases.flatMap((one) => ['', ...caseLines(one)])]
}

/** With more for each core, what others do on the machine decides. */
const QUIET_LOAD = 0.25

function factLines(report: Report): readonly string[] {
  const { machine, versions, largeBytes, rounds, startedAt } = report
  const memory = (machine.memoryBytes / GIB).toFixed(0)
  const isBusy = machine.load > machine.cores * QUIET_LOAD
  return [
    `${startedAt}  ${machine.cores} x ${machine.cpu}, ${memory} GiB, ${machine.kernel}, ${machine.fileSystem}, load ${machine.load.toFixed(1)}`,
    `Node ${machine.node}; ${Object.values(versions).join('; ')}`,
    `large file ${largeBytes / GIB} GiB; medians of ${rounds} rounds after one that does not count; ratios are of the same round`,
    ...(isBusy ? ['The machine was busy before it began: nothing here is to be quoted.'] : []),
  ]
}

function caseLines({ name, title, outcome }: Report['cases'][number]): readonly string[] {
  const heading = `${name}: ${title}`
  if (outcome.kind !== 'measured') return [heading, `  ${outcome.kind}: ${outcome.reason}`]
  const rows = [HEADINGS, ...outcome.figures.map(figureCells)]
  const widths = HEADINGS.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return [heading, ...rows.map((row) => alignedRow(row, widths))]
}

function figureCells(figure: Figure): readonly string[] {
  const { name, unit, value, target } = figure
  const verdict = meetsTarget(figure)
  return [
    name,
    `${shown(value.median)} ${unit}`,
    shown(value.min),
    shown(value.max),
    target === null ? '' : targetText(target),
    verdict === null ? '' : verdict ? 'met' : 'MISSED',
  ]
}

function targetText(target: Target): string {
  return 'most' in target ? `<= ${target.most}` : `>= ${target.least}`
}

/** Three digits that count, and no more than are worth reading. */
function shown(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)
}

/** Names to the left, numbers to the right. */
function alignedRow(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) => {
    const width = widths[column] ?? 0
    return column === 0 || column === row.length - 1 ? cell.padEnd(width) : cell.padStart(width)
  })
  return `  ${cells.join('  ')}`.trimEnd()
}
