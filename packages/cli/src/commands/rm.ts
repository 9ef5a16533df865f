import { type Client, isApiError } from '@windlass/client'
import type { DownloadSummary } from '@windlass/contract'
import { Command } from 'commander'
import { tellProblem } from '../act-on-downloads.ts'
import type { CommandContext } from '../command-context.ts'
import { confirm } from '../confirm.ts'
import { EXIT_CODES, type ExitCode, mostSerious } from '../exit-codes.ts'
import { nameOf } from '../render/event-line.ts'
import { formatBytes } from '../render/quantities.ts'
import { selectDownloads } from '../select-downloads.ts'
import { withConnection } from '../with-connection.ts'

const EXAMPLES = `
Examples:
  windlass rm 7k2m9
  windlass rm --all             an empty list, and every complete file where it is
`

interface RmFlags {
  readonly all?: boolean
  readonly yes?: boolean
  readonly json?: boolean
}

export function rmCommand(context: CommandContext): Command {
  return new Command('rm')
    .summary('take finished downloads off the list')
    .description(
      'Forgets completed, failed and cancelled downloads. Completed files stay where they are; unfinished bytes of a failed download go.',
    )
    .argument('[id...]', 'ids, or the unique beginnings of ids')
    .option('--all', 'everything that is completed, failed or cancelled')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'one JSON object per line')
    .addHelpText('after', EXAMPLES)
    .action(async (ids: string[], flags: RmFlags) => {
      const code = await withConnection(context, async ({ client }) => {
        const selection = { ids, all: flags.all === true }
        const downloads = await selectDownloads(client, selection, 'forget')
        if (downloads.length === 0) context.host.stderr.write('Nothing to forget.\n')
        const losing = downloads.filter(losesBytes)
        const question = {
          lines: questionLines(losing),
          yes: flags.yes === true || losing.length === 0,
        }
        if (!(await confirm(context.host, question))) return EXIT_CODES.failed
        return await forgetAll(context, client, { downloads, json: flags.json === true })
      })
      context.finish(code)
    })
}

function losesBytes({ progress, state }: DownloadSummary): boolean {
  return state === 'failed' && progress.receivedBytes > 0
}

function questionLines(downloads: readonly DownloadSummary[]): string[] {
  return [
    'Unfinished bytes go with:',
    ...downloads.map(
      (download) =>
        `  ${download.id}  ${nameOf(download)}, ${formatBytes(download.progress.receivedBytes)}`,
    ),
  ]
}

async function forgetAll(
  context: CommandContext,
  client: Client,
  options: { readonly downloads: readonly DownloadSummary[]; readonly json: boolean },
): Promise<ExitCode> {
  const write = (text: string): void => context.host.stdout.write(`${text}\n`)
  const codes: ExitCode[] = []
  for (const download of options.downloads) {
    const { id } = download
    try {
      await client.forget(download.id)
      write(options.json ? JSON.stringify({ id }) : `${id}  ${nameOf(download)}: forgotten`)
    } catch (error) {
      if (!isApiError(error) || error.code === 'SERVER_UNREACHABLE') throw error
      if (options.json) write(JSON.stringify({ id, problem: error.problem }))
      codes.push(tellProblem(context, download.id, error.problem))
    }
  }
  return mostSerious(codes)
}
