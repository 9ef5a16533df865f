import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { detailLines } from '../render/detail-lines.ts'
import { findDownload } from '../select-downloads.ts'
import { withConnection } from '../with-connection.ts'

const EXAMPLES = `
Examples:
  windlass show 7k2m9           the beginning of an id is enough
  windlass show 7k2m9 --json
`

export function showCommand(context: CommandContext): Command {
  return new Command('show')
    .summary('show everything about one download')
    .description('Shows one download: state, reason, what to do, path, and each file.')
    .argument('<id>', 'id, or the unique beginning of one')
    .option('--json', 'as one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, flags: { readonly json?: boolean }) => {
      const { host } = context
      const download = await withConnection(context, async ({ client }) => {
        const { id: wholeId } = await findDownload(client, id)
        return await client.find(wholeId)
      })
      const width = host.stdout.isTerminal ? host.stdout.columns() : null
      const text = flags.json
        ? JSON.stringify(download)
        : detailLines(download, { now: host.clock.now(), width }).join('\n')
      host.stdout.write(`${text}\n`)
    })
}
