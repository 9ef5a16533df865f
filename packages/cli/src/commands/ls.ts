import { DOWNLOAD_STATES, type DownloadState, type DownloadSummary } from '@windlass/contract'
import { Command, Option } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { listEverything } from '../list-everything.ts'
import { listLines } from '../render/list-lines.ts'
import { withConnection } from '../with-connection.ts'

const EXAMPLES = `
Examples:
  windlass ls
  windlass ls --state failed
  windlass ls --json | jq -r 'select(.state == "completed").result.path'
`

export function lsCommand(context: CommandContext): Command {
  return new Command('ls')
    .summary('list the downloads')
    .description('Lists the downloads with their state, and why they wait.')
    .addOption(new Option('--state <state>', 'only those in this state').choices(DOWNLOAD_STATES))
    .option('--json', 'one JSON object per line')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: { readonly state?: DownloadState; readonly json?: boolean }) => {
      const query = flags.state === undefined ? {} : { state: flags.state }
      const downloads = await withConnection(context, ({ client }) => listEverything(client, query))
      write(context, downloads, flags.json === true)
    })
}

function write(
  { host }: CommandContext,
  downloads: readonly DownloadSummary[],
  json: boolean,
): void {
  const width = host.stdout.isTerminal ? host.stdout.columns() : null
  const lines = json
    ? downloads.map((download) => JSON.stringify(download))
    : listLines(downloads, { now: host.clock.now(), width })
  for (const line of lines) host.stdout.write(`${line}\n`)
  if (lines.length === 0 && !json)
    host.stderr.write('No downloads. Begin one: windlass pull org/name\n')
}
