import { readVersion } from '@windlass/server'
import { Command } from 'commander'
import type { CommandContext } from './command-context.ts'
import { actCommand } from './commands/act.ts'
import { cancelCommand } from './commands/cancel.ts'
import { completeCommand } from './commands/complete.ts'
import { completionCommand } from './commands/completion.ts'
import { configCommand } from './commands/config.ts'
import { doctorCommand } from './commands/doctor.ts'
import { lsCommand } from './commands/ls.ts'
import { pullCommand } from './commands/pull.ts'
import { rmCommand } from './commands/rm.ts'
import { serveCommand } from './commands/serve.ts'
import { showCommand } from './commands/show.ts'
import { tokenCommand } from './commands/token.ts'
import { watchCommand } from './commands/watch.ts'
import { inheritSettings } from './inherit-settings.ts'

const MORE = `
Examples:
  windlass pull Qwen/Qwen3-0.6B      fetch and verify it
  windlass pull org/name --dry-run   see what it would take
  windlass ls                        what waits, and why
  windlass serve                     a queue with an API

Exit codes: 0 done, 1 failed, 2 usage, 3 you must act,
70 bug, 130 interrupted (everything kept).
`

/** The whole command line. Parsing throws CommanderError instead of ending the process. */
export function createProgram(context: CommandContext): Command {
  const { host } = context
  const program = new Command('windlass')
    .description(
      'Brings model weights onto this machine: nothing lost, nothing wrong, nothing hidden.',
    )
    .version(readVersion(), '-V, --version')
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      getOutHelpWidth: () => Math.min(host.stdout.columns(), 100),
      getErrHelpWidth: () => Math.min(host.stderr.columns(), 100),
    })
    // Narrower than its own 40, so that words stay whole beside long flags on a small terminal.
    .configureHelp({ minWidthToWrap: 20 })
    .showHelpAfterError('hint: Add --help to see how it is used.')
    .exitOverride()
    .addHelpText('after', MORE)
  const commands = [
    pullCommand(context),
    serveCommand(context),
    lsCommand(context),
    showCommand(context),
    watchCommand(context),
    actCommand(context, 'pause'),
    actCommand(context, 'resume'),
    cancelCommand(context),
    actCommand(context, 'retry'),
    rmCommand(context),
    tokenCommand(context),
    doctorCommand(context),
    configCommand(context),
    completionCommand(context),
  ]
  for (const command of commands) program.addCommand(inheritSettings(command, program))
  program.addCommand(inheritSettings(completeCommand(context), program), { hidden: true })
  return program
}
