import type { ModelEntry } from '@windlass/contract'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { printable } from '../render/printable.ts'
import { formatBytes, formatBytesOf, formatDuration, formatSpeed } from '../render/quantities.ts'
import { withConnection } from '../with-connection.ts'
import { type ModelFlags, modelOf, withModel } from './model-flags.ts'
import { stateText } from './model-words.ts'

export function modelsStatusCommand(context: CommandContext): Command {
  return withModel(new Command('status'))
    .summary('tell whether a model is there, and whole')
    .description(
      'Tells whether a revision is there and whole, by names and sizes; `verify` looks at the bytes. Exit code 0 when it is, 1 when it is not, or not yet.',
    )
    .option('--json', 'one JSON object')
    .action(async (ref: string, flags: ModelFlags) => {
      const entry = await withConnection(context, ({ client }) =>
        client.models.status(modelOf(ref, flags)),
      )
      const lines = flags.json === true ? [JSON.stringify(entry)] : statusLines(entry)
      for (const line of lines) context.host.stdout.write(`${line}\n`)
      context.finish(entry.status === 'DOWNLOADED' ? EXIT_CODES.done : EXIT_CODES.failed)
    })
}

function statusLines(entry: ModelEntry): string[] {
  const { model, progress } = entry
  const facts: readonly (readonly [string, string])[] = [
    ['Model', printable(model.hf_repo)],
    ['Revision', printable(model.hf_commit ?? '')],
    ['Refs', printable(entry.refs.join(', '))],
    ['Status', stateText(entry)],
    ['Files', filesText(entry)],
    ['Size', entry.size_bytes === 0 ? '' : formatBytesOf(entry.size_bytes, entry.total_bytes)],
    ['Unfinished', entry.staged_bytes === 0 ? '' : formatBytes(entry.staged_bytes)],
    ['Download', entry.download_id ?? ''],
    ['Speed', progress === null ? '' : formatSpeed(progress.bytes_per_second)],
    ['Time left', progress?.eta_seconds == null ? '' : formatDuration(progress.eta_seconds)],
    ['Path', printable(entry.path ?? '')],
  ]
  const shown = facts.filter(([, value]) => value !== '')
  const widest = Math.max(...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${name.padEnd(widest)}  ${value}`)
}

function filesText({ files, files_total: total, status }: ModelEntry): string {
  if (status === 'NOT_FOUND') return ''
  return total === null ? `${files}, and no listing to compare with` : `${files} of ${total}`
}
