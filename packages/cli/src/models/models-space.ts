import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { printable } from '../render/printable.ts'
import { formatBytes } from '../render/quantities.ts'
import { withConnection } from '../with-connection.ts'

export function modelsSpaceCommand(context: CommandContext): Command {
  return new Command('space')
    .summary('tell how much the cache holds')
    .description('Tells how much the cache holds, and how much its disk could still take.')
    .option('--json', 'one JSON object')
    .action(async (flags: { readonly json?: boolean }) => {
      const space = await withConnection(context, ({ client }) => client.models.space())
      const text = [
        `Cache      ${printable(space.cache_path)}`,
        `Holds      ${formatBytes(space.cache_size_bytes)}`,
        `Available  ${formatBytes(space.available_bytes)}`,
      ].join('\n')
      context.host.stdout.write(`${flags.json === true ? JSON.stringify(space) : text}\n`)
    })
}
