import type { DownloadSummary } from '@windlass/contract'
import { Command } from 'commander'
import { actOnDownloads } from '../act-on-downloads.ts'
import type { CommandContext } from '../command-context.ts'
import { confirm } from '../confirm.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { nameOf } from '../render/event-line.ts'
import { formatBytes, formatCount } from '../render/quantities.ts'
import { selectDownloads } from '../select-downloads.ts'
import { withConnection } from '../with-connection.ts'

const EXAMPLES = `
Examples:
  windlass cancel 7k2m9
  windlass cancel --all --yes
`

interface CancelFlags {
  readonly all?: boolean
  readonly yes?: boolean
  readonly json?: boolean
}

export function cancelCommand(context: CommandContext): Command {
  return new Command('cancel')
    .summary('stop downloads and remove what they brought')
    .description(
      'Cancels downloads: every byte they brought goes, and nothing else. Prints what was removed.',
    )
    .argument('[id...]', 'ids, or the unique beginnings of ids')
    .option('--all', 'everything that can be cancelled')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'one JSON object per line')
    .addHelpText('after', EXAMPLES)
    .action(async (ids: string[], flags: CancelFlags) => {
      const code = await withConnection(context, async ({ client }) => {
        const selection = { ids, all: flags.all === true }
        const downloads = await selectDownloads(client, selection, 'cancel')
        if (downloads.length === 0) context.host.stderr.write('Nothing to cancel.\n')
        // What cannot be cancelled is refused below; nobody needs to be asked for it.
        const going = downloads.filter((download) => download.actions.includes('cancel'))
        const question = {
          lines: questionLines(going),
          yes: flags.yes === true || going.length === 0,
        }
        if (!(await confirm(context.host, question))) return EXIT_CODES.failed
        return await actOnDownloads(context, client, {
          action: 'cancel',
          downloads,
          json: flags.json === true,
        })
      })
      context.finish(code)
    })
}

function questionLines(downloads: readonly DownloadSummary[]): string[] {
  const bytes = downloads.reduce((sum, { progress }) => sum + progress.receivedBytes, 0)
  return [
    `Cancelling removes what ${formatCount(downloads.length, 'download')} received so far, ${formatBytes(bytes)}:`,
    ...downloads.map(
      (download) =>
        `  ${download.id}  ${nameOf(download)}, ${download.state}, ${formatBytes(download.progress.receivedBytes)}`,
    ),
  ]
}
