import { readVersion } from '@windlass/engine'
import { Command } from 'commander'
import type { CommandContext } from './command-context.ts'
import { COMPLETE_VERB } from './completion/shell-scripts.ts'
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

type MakeCommand = (context: CommandContext) => Promise<Command>

const act =
  (action: 'pause' | 'resume' | 'retry'): MakeCommand =>
  async (context) =>
    (await import('./commands/act.ts')).actCommand(context, action)

/** In the order of the help. */
const COMMANDS: ReadonlyMap<string, MakeCommand> = new Map([
  ['pull', async (context) => (await import('./commands/pull.ts')).pullCommand(context)],
  ['serve', async (context) => (await import('./commands/serve.ts')).serveCommand(context)],
  ['ls', async (context) => (await import('./commands/ls.ts')).lsCommand(context)],
  ['show', async (context) => (await import('./commands/show.ts')).showCommand(context)],
  ['watch', async (context) => (await import('./commands/watch.ts')).watchCommand(context)],
  ['pause', act('pause')],
  ['resume', act('resume')],
  ['cancel', async (context) => (await import('./commands/cancel.ts')).cancelCommand(context)],
  ['retry', act('retry')],
  ['rm', async (context) => (await import('./commands/rm.ts')).rmCommand(context)],
  ['models', async (context) => (await import('./commands/models.ts')).modelsCommand(context)],
  ['token', async (context) => (await import('./commands/token.ts')).tokenCommand(context)],
  ['doctor', async (context) => (await import('./commands/doctor.ts')).doctorCommand(context)],
  ['config', async (context) => (await import('./commands/config.ts')).configCommand(context)],
  [
    'completion',
    async (context) => (await import('./commands/completion.ts')).completionCommand(context),
  ],
])

/** What shells ask, and no help names. */
const HIDDEN: ReadonlyMap<string, MakeCommand> = new Map([
  [
    COMPLETE_VERB,
    async (context) => (await import('./commands/complete.ts')).completeCommand(context),
  ],
])

/**
 * The command line for `args`: of all commands, or of the one that they begin with, since the others
 * need not be loaded for it. Parsing throws CommanderError instead of ending the process.
 */
export async function createProgram(
  context: CommandContext,
  args: readonly string[],
): Promise<Command> {
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
  const verb = args[0] ?? ''
  const named = COMMANDS.get(verb) ?? HIDDEN.get(verb)
  const makers = named === undefined ? [...COMMANDS.values()] : [named]
  const commands = await Promise.all(makers.map((make) => make(context)))
  const hidden = HIDDEN.has(verb)
  for (const command of commands) program.addCommand(inheritSettings(command, program), { hidden })
  return program
}
