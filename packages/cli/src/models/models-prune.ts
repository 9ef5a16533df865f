import type { PruneItem, PruneReport } from '@windlass/contract'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { confirm } from '../confirm.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { printable } from '../render/printable.ts'
import { formatBytes } from '../render/quantities.ts'
import { withConnection } from '../with-connection.ts'
import { receiptText, shortRevision } from './model-words.ts'

const KINDS: Readonly<Record<PruneItem['kind'], string>> = {
  revision: 'revision without a branch or tag',
  blob: 'file that no revision has',
  incomplete: 'half-fetched by another program',
  staging: 'left by a download that is over',
  damaged: 'set aside by a repair',
}

interface PruneFlags {
  readonly dryRun?: boolean
  readonly json?: boolean
  readonly yes?: boolean
}

export function modelsPruneCommand(context: CommandContext): Command {
  return new Command('prune')
    .summary('remove what nothing needs any more')
    .description(
      'Removes revisions that no branch or tag stands for (except those that were pulled by their commit), files that no revision has, and leftovers of programs and downloads that are over.',
    )
    .option('--dry-run', 'only show what would go')
    .option('--json', 'one JSON object')
    .option('-y, --yes', 'do not ask')
    .action(async (flags: PruneFlags) => {
      const code = await withConnection(context, async ({ client }) => {
        const planned = await client.models.prune({ dry_run: true })
        const isDone = flags.dryRun === true || planned.items.length === 0
        if (isDone) {
          write(context, planned, flags)
          return EXIT_CODES.done
        }
        const lines = [
          ...itemLines(planned),
          `Removing this frees ${receiptText(planned.receipt)}.`,
        ]
        if (!(await confirm(context.host, { lines, yes: flags.yes === true }))) {
          return EXIT_CODES.failed
        }
        write(context, await client.models.prune({}), flags)
        return EXIT_CODES.done
      })
      context.finish(code)
    })
}

function write({ host }: CommandContext, report: PruneReport, { json }: PruneFlags): void {
  if (json === true) {
    host.stdout.write(`${JSON.stringify(report)}\n`)
    return
  }
  if (report.items.length === 0) {
    host.stderr.write('Nothing to remove.\n')
    return
  }
  const verb = report.dry_run ? 'would free' : 'freed'
  for (const line of itemLines(report)) host.stdout.write(`${line}\n`)
  host.stdout.write(`${verb} ${receiptText(report.receipt)}\n`)
}

function itemLines({ items }: PruneReport): string[] {
  return items.map(({ kind, hf_repo: repo, name, bytes }) => {
    const where = repo === '' ? 'shared store' : printable(repo)
    return `${where}  ${shortRevision(name)}  ${KINDS[kind]}, ${formatBytes(bytes)}`
  })
}
