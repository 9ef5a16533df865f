import type { VerifyProgress, VerifyReport } from '@windlass/contract'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { printable } from '../render/printable.ts'
import { formatBytes, formatBytesOf, formatCount } from '../render/quantities.ts'
import { LiveScreen } from '../terminal/live-screen.ts'
import { withConnection } from '../with-connection.ts'
import { type ModelFlags, modelOf, withModel } from './model-flags.ts'
import { modelText } from './model-words.ts'

const PROBLEMS = { size: 'wrong size', digest: 'wrong bytes', unreadable: 'no bytes' } as const

export function modelsVerifyCommand(context: CommandContext): Command {
  return withModel(new Command('verify'))
    .summary('hash every byte of a model')
    .description(
      'Hashes every file of a revision that is there and compares it with the digest that the Hub names. Exit code 0 when all agree, or were repaired; 1 when not.',
    )
    .option('--repair', 'fetch what is damaged, and nothing else')
    .option('--json', 'one JSON object')
    .action(async (ref: string, flags: ModelFlags & { readonly repair?: boolean }) => {
      const repair = flags.repair === true
      const report = await withConnection(
        context,
        ({ client }, signal) =>
          withProgress(context, flags.json === true, (onProgress) =>
            client.models.verify({ ...modelOf(ref, flags), repair }, { signal, onProgress }),
          ),
        { startDownloads: repair },
      )
      tell(context, report, flags.json === true)
      context.finish(report.status === 'DAMAGED' ? EXIT_CODES.failed : EXIT_CODES.done)
    })
}

/** A line on the terminal that says how far it is; nothing where nobody looks. */
async function withProgress(
  { host }: CommandContext,
  json: boolean,
  work: (onProgress: (progress: VerifyProgress) => void) => Promise<VerifyReport>,
): Promise<VerifyReport> {
  if (json || !host.stderr.isTerminal) return await work(() => undefined)
  const screen = new LiveScreen(host)
  try {
    return await work((progress) => screen.draw([progressText(progress)]))
  } finally {
    screen.draw([])
    screen.close()
  }
}

function progressText(progress: VerifyProgress): string {
  const verb = progress.phase === 'checking' ? 'Checking' : 'Checking the repair'
  const files = `${progress.files_done} of ${formatCount(progress.files_total, 'file')}`
  return `${verb}: ${files}, ${formatBytesOf(progress.bytes_done, progress.bytes_total)}`
}

function tell({ host }: CommandContext, report: VerifyReport, json: boolean): void {
  if (json) {
    host.stdout.write(`${JSON.stringify(report)}\n`)
    return
  }
  const { damaged, missing, model } = report
  for (const { path, problem, expected, actual } of damaged) {
    const got = actual === null ? '' : `: expected ${expected}, got ${actual}`
    host.stdout.write(`${PROBLEMS[problem]}  ${printable(path)}${got}\n`)
  }
  if (missing.length > 0) {
    const files = formatCount(missing.length, 'file')
    host.stderr.write(`${files} of the revision not on this machine; \`pull\` brings the rest.\n`)
  }
  if (report.checked_against === 'listing') {
    const why = report.hub_error === null ? '' : ` (${report.hub_error})`
    host.stderr.write(`Compared with the listing in the cache, not with the Hub${why}.\n`)
  }
  host.stdout.write(`${modelText(model)}: ${summaryText(report)}\n`)
}

function summaryText(report: VerifyReport): string {
  const checked = `${formatCount(report.files_checked, 'file')}, ${formatBytes(report.bytes_checked)}`
  const damaged = formatCount(report.damaged.length, 'file')
  if (report.status === 'VERIFIED') return `verified, ${checked}: all digests agree`
  if (report.status === 'REPAIRED') return `repaired, ${damaged}: all digests agree now`
  return `damaged, ${damaged} of ${checked}; mend it with --repair`
}
