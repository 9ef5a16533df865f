import { Command } from 'commander'
import { actOnDownloads } from '../act-on-downloads.ts'
import type { CommandContext } from '../command-context.ts'
import { selectDownloads } from '../select-downloads.ts'
import { withConnection } from '../with-connection.ts'

type SimpleAction = 'pause' | 'resume' | 'retry'

const TEXTS = {
  pause: [
    'pause downloads and keep every byte',
    'Pauses downloads. Nothing is lost; `resume` goes on at the byte.',
  ],
  resume: [
    'go on with paused, blocked or waiting downloads',
    'Lets paused, blocked or waiting downloads go on.',
  ],
  retry: [
    'start failed or cancelled downloads again',
    'Starts failed or cancelled downloads again.',
  ],
} as const

const EXAMPLES = {
  pause: `
Examples:
  windlass pause 7k2m9          the beginning of an id is enough
  windlass pause --all
`,
  resume: `
Examples:
  windlass resume 7k2m9
  windlass resume --all         once there is room on the disk again, or a new token
`,
  retry: `
Examples:
  windlass retry 7k2m9          what it received is used
  windlass retry --all
`,
} as const

interface ActFlags {
  readonly all?: boolean
  readonly json?: boolean
}

/** The verbs that take ids and cost nothing: no question is asked. */
export function actCommand(context: CommandContext, action: SimpleAction): Command {
  const [summary, description] = TEXTS[action]
  return new Command(action)
    .summary(summary)
    .description(description)
    .argument('[id...]', 'ids, or the unique beginnings of ids')
    .option('--all', `everything that can ${action}`)
    .option('--json', 'one JSON object per line')
    .addHelpText('after', EXAMPLES[action])
    .action(async (ids: string[], flags: ActFlags) => {
      const code = await withConnection(context, async ({ client, role }) => {
        const selection = { ids, all: flags.all === true }
        const json = flags.json === true
        const downloads = await selectDownloads(client, selection, action)
        if (downloads.length === 0) context.host.stderr.write(`Nothing to ${action}.\n`)
        const worst = await actOnDownloads(context, client, { action, downloads, json })
        if (action !== 'pause' && role === 'owner' && downloads.length > 0) tellNobodyRuns(context)
        return worst
      })
      context.finish(code)
    })
}

function tellNobodyRuns({ host }: CommandContext): void {
  host.stderr.write(
    'No Windlass is running on this home: it goes on with `windlass serve`, or the next `windlass pull`.\n',
  )
}
