import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { modelsLsCommand } from '../models/models-ls.ts'
import { modelsPruneCommand } from '../models/models-prune.ts'
import { modelsRmCommand } from '../models/models-rm.ts'
import { modelsSpaceCommand } from '../models/models-space.ts'
import { modelsStatusCommand } from '../models/models-status.ts'
import { modelsVerifyCommand } from '../models/models-verify.ts'

const MORE = `
Examples:
  windlass models ls                        what is in the Hub's cache, whoever put it there
  windlass models verify org/name --repair  hash every byte, fetch what is damaged
  windlass models rm org/name@v1.0          free what only this revision needs
  windlass models prune --dry-run           what nothing needs any more

A REF names a whole repository: org/name, org/name@revision, datasets/org/name, or its page on the Hub.
`

/** The verbs for what is in the Hub's cache. */
export function modelsCommand(context: CommandContext): Command {
  const command = new Command('models')
    .summary('list, check and remove what is in the cache')
    .description('Shows, checks, mends and removes the models in the standard Hugging Face cache.')
    .addHelpText('after', MORE)
  const verbs = [
    modelsLsCommand(context),
    modelsStatusCommand(context),
    modelsVerifyCommand(context),
    modelsRmCommand(context),
    modelsPruneCommand(context),
    modelsSpaceCommand(context),
  ]
  for (const verb of verbs) command.addCommand(verb)
  return command
}
