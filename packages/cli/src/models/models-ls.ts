import type { ModelEntry, ModelList } from '@windlass/contract'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { printable } from '../render/printable.ts'
import { formatBytes } from '../render/quantities.ts'
import { type Column, renderTable } from '../render/render-table.ts'
import { withConnection } from '../with-connection.ts'
import { shortRevision, stateText } from './model-words.ts'

const COLUMNS: readonly Column[] = [
  { title: 'Model', flexible: true },
  { title: 'Revision' },
  { title: 'Refs' },
  { title: 'Size', align: 'right' },
  { title: 'Files', align: 'right' },
  { title: 'Status' },
]

export function modelsLsCommand(context: CommandContext): Command {
  return new Command('ls')
    .summary('list what is in the cache')
    .description(
      'Lists every revision in the cache, whoever put it there, and what is on its way. Sizes are compared with the listing of each revision; no host is asked.',
    )
    .option('--json', 'one JSON object per line, one for each revision')
    .action(async (flags: { readonly json?: boolean }) => {
      const list = await withConnection(context, ({ client }) => client.models.list())
      write(context, list, flags.json === true)
    })
}

function write({ host }: CommandContext, list: ModelList, json: boolean): void {
  const { models, size_bytes: bytes, warnings } = list
  const width = host.stdout.isTerminal ? host.stdout.columns() : null
  const lines = json ? models.map((model) => JSON.stringify(model)) : modelLines(models, width)
  for (const line of lines) host.stdout.write(`${line}\n`)
  for (const warning of warnings) host.stderr.write(`warning: ${printable(warning)}\n`)
  if (json) return
  host.stderr.write(
    models.length === 0
      ? 'No models in the cache. Bring one: windlass pull org/name\n'
      : `${formatBytes(bytes)} in all\n`,
  )
}

function modelLines(models: readonly ModelEntry[], width: number | null): string[] {
  if (models.length === 0) return []
  const rows = models.map((entry) => [
    printable(entry.model.hf_repo),
    entry.model.hf_commit === null ? '' : shortRevision(entry.model.hf_commit),
    printable(entry.refs.join(', ')),
    formatBytes(entry.size_bytes + entry.staged_bytes),
    entry.files_total === null ? String(entry.files) : `${entry.files} of ${entry.files_total}`,
    stateText(entry),
  ])
  return renderTable(COLUMNS, rows, width)
}
