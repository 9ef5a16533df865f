import type { CancelReceipt, ModelEntry, ModelName } from '@windlass/contract'
import { printable } from '../render/printable.ts'
import { formatBytes, formatCount, formatPercent } from '../render/quantities.ts'

/** `org/name`, or `org/name@revision` with commits cut short. */
export function modelText({ hf_repo, hf_commit }: ModelName): string {
  const name = printable(hf_repo)
  return hf_commit === null ? name : `${name}@${shortRevision(hf_commit)}`
}

/** As much of a commit as people read; another revision whole. */
export function shortRevision(revision: string): string {
  return /^[0-9a-f]{40}$/.test(revision) ? revision.slice(0, 12) : printable(revision)
}

/** `5 files, 3.1 GB`. */
export function receiptText({ files, bytes }: CancelReceipt): string {
  return `${formatCount(files, 'file')}, ${formatBytes(bytes)}`
}

/** Where a model is on its way, or what it lacks. */
export function stateText({ status, progress, error_message: message }: ModelEntry): string {
  const percent = progress === null ? '' : formatPercent(progress.percent)
  return [status, percent, message === null ? '' : `(${printable(message)})`]
    .filter((part) => part !== '')
    .join(' ')
}
