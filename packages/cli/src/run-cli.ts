import { loadSettings } from '@windlass/server'
import { CommanderError } from 'commander'
import type { CommandContext } from './command-context.ts'
import { createSilentLog } from './command-log.ts'
import { createConnector } from './create-connector.ts'
import { createProgram } from './create-program.ts'
import { describeFailure } from './describe-failure.ts'
import { EXIT_CODES, type ExitCode } from './exit-codes.ts'
import type { CliHost } from './host.ts'
import { failureLines } from './render/failure-lines.ts'
import { paintFor } from './render/paint.ts'

/** Runs one command line; every failure is told on stderr and becomes the exit code. */
export async function runCli(args: readonly string[], host: CliHost): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT_CODES.done
  const context: CommandContext = {
    host,
    settings: (flags = {}) =>
      loadSettings({ env: host.env, flags, homeDir: host.homeDir, platform: host.platform }),
    connector: (settings, log = createSilentLog()) =>
      createConnector({ settings, log, clock: host.clock }),
    program: () => createProgram(context, []),
    finish: (code) => {
      exitCode = code
    },
  }
  try {
    const program = await createProgram(context, args)
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    return tellFailure(error, host)
  }
}

/** Tells a failure on stderr: what happened, what can be done. Returns the exit code for it. */
export function tellFailure(error: unknown, host: Pick<CliHost, 'stderr' | 'env'>): ExitCode {
  // Commander has said it already.
  if (error instanceof CommanderError) return commanderExitCode(error)
  const failure = describeFailure(error)
  const lines = failureLines(failure, paintFor(host.stderr, host.env))
  if (failure.stack !== undefined) lines.push(failure.stack)
  host.stderr.write(`${lines.join('\n')}\n`)
  return failure.exitCode
}

function commanderExitCode(error: CommanderError): ExitCode {
  const asked = error.code === 'commander.helpDisplayed' || error.code === 'commander.version'
  return asked ? EXIT_CODES.done : EXIT_CODES.usage
}
