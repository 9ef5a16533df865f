import type { DownloadPlan } from '@windlass/contract'
import { printable } from './printable.ts'
import { formatBytes, formatCount } from './quantities.ts'
import { renderTable } from './render-table.ts'

/** What a dry run shows: a row for each file, `-` for those that are there, then the sums and whether they fit. */
export function planLines(plan: DownloadPlan, width: number | null): string[] {
  const rows = plan.files.map((file) => [
    printable(file.path),
    file.present ? '-' : file.sizeBytes === null ? '?' : formatBytes(file.sizeBytes),
  ])
  const columns = [
    { title: 'File', flexible: true },
    { title: 'To fetch', align: 'right' as const },
  ]
  return [
    `${printable(plan.title)}${plan.revision === null ? '' : ` at ${plan.revision.slice(0, 12)}`}`,
    ...renderTable(columns, rows, width),
    planSummary(plan),
  ]
}

/** `Will fetch 11 files (of 26), 5.6 GB. Free: 120 GB (1.2 GB kept free). It fits.` */
export function planSummary(plan: DownloadPlan): string {
  const missing = plan.files.filter((file) => !file.present).length
  if (missing === 0)
    return `Everything is there: ${formatCount(plan.files.length, 'file')}, ${formatBytes(plan.totalBytes)}.`
  const fetches = `Will fetch ${formatCount(missing, 'file')} (of ${plan.files.length}), ${formatBytes(plan.missingBytes)}.`
  const free = `Free: ${formatBytes(plan.freeBytes)} (${formatBytes(plan.reservedBytes)} kept free).`
  return `${fetches} ${free} ${fits(plan)}`
}

function fits({ fits, freeBytes, missingBytes, reservedBytes }: DownloadPlan): string {
  if (fits) return 'It fits.'
  return `It does not fit: ${formatBytes(missingBytes + reservedBytes - freeBytes)} more must be free.`
}
