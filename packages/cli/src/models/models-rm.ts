import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { confirm } from '../confirm.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { withConnection } from '../with-connection.ts'
import { type ModelFlags, modelOf, withModel } from './model-flags.ts'
import { modelText, receiptText } from './model-words.ts'

export function modelsRmCommand(context: CommandContext): Command {
  return withModel(new Command('rm'))
    .summary('remove a model from the cache')
    .description(
      'Removes a revision, or without one the whole repository. What other revisions, repositories and downloads need stays. A download of it is cancelled first.',
    )
    .option('--json', 'one JSON object')
    .option('-y, --yes', 'do not ask')
    .action(async (ref: string, flags: ModelFlags & { readonly yes?: boolean }) => {
      const code = await withConnection(context, async ({ client }) => {
        const model = modelOf(ref, flags)
        const planned = await client.models.remove({ ...model, dry_run: true })
        const what =
          planned.model.hf_commit === null
            ? `${modelText(planned.model)} with all its revisions`
            : modelText(planned.model)
        const running = planned.status === 'cancelled' ? ['A download of it is cancelled.'] : []
        const lines = [`Removing ${what} frees ${receiptText(planned.receipt)}.`, ...running]
        if (!(await confirm(context.host, { lines, yes: flags.yes === true }))) {
          return EXIT_CODES.failed
        }
        const deleted = await client.models.remove(model)
        const text = `${modelText(deleted.model)}: ${deleted.status}; freed ${receiptText(deleted.receipt)}`
        context.host.stdout.write(`${flags.json === true ? JSON.stringify(deleted) : text}\n`)
        return EXIT_CODES.done
      })
      context.finish(code)
    })
}
