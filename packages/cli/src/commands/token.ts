import { askHubIdentity, findHubToken, readVersion, Secret } from '@windlass/engine'
import { keepsOwnToken, removeOwnToken, type Settings, storeOwnToken } from '@windlass/server'
import { Argument, Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { createSilentLog } from '../command-log.ts'
import { confirm } from '../confirm.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import type { CliHost } from '../host.ts'
import { failureLines } from '../render/failure-lines.ts'
import { paintFor } from '../render/paint.ts'
import { printable } from '../render/printable.ts'
import { UsageError } from '../usage-error.ts'

/** Hosts whose sources use a token. */
const HOSTS = ['huggingface'] as const

const LONGEST_TOKEN = 512
const TIMEOUT_MS = 15_000

const EXAMPLES = `
Examples:
  windlass token set huggingface
  windlass token test huggingface
  windlass token rm huggingface
`

const SET_HELP = `
Examples:
  windlass token set huggingface                  asks for it, and does not show it
  windlass token set huggingface < token.txt      from a file or another program

The token is kept in the home, readable for you alone. HF_TOKEN goes before it, the token of
\`hf auth login\` comes after it. Create one with read access at https://huggingface.co/settings/tokens
`

/** Tokens for private and gated repositories. */
export function tokenCommand(context: CommandContext): Command {
  const set = setCommand(context)
  return (
    new Command('token')
      .summary('set, test or remove the token of a host')
      .description('Tokens for private and gated repositories. None is ever shown.')
      .addHelpText('after', EXAMPLES)
      .addCommand(set)
      .addCommand(testCommand(context))
      .addCommand(rmCommand(context))
      // Commander would repeat what it was given too much of, on the screen and in logs. Late,
      // since the settings of a parent go before a command's own.
      .hook('preSubcommand', () => void set.allowExcessArguments(true))
  )
}

function setCommand(context: CommandContext): Command {
  return new Command('set')
    .summary('keep a token, read from the terminal or from stdin')
    .description('Keeps a token for Windlass, in place of the one before.')
    .addArgument(new Argument('<host>', 'whose token').choices(HOSTS))
    .addHelpText('after', SET_HELP)
    .action(async (_source: string, _flags: object, command: Command) => {
      if (command.args.length > 1) throw onCommandLine()
      const { host } = context
      const settings = ownSettings(context)
      const token = readToken(await textOfToken(host))
      const file = await storeOwnToken(settings.home, token, { log: createSilentLog() })
      host.stdout.write(`Kept in ${file}, for you alone.\n`)
      const found = await findHubToken(settings.hub)
      if (found?.from === 'environment') {
        host.stderr.write('HF_TOKEN is set as well, and goes before it.\n')
      } else if (found === null) {
        host.stderr.write('HF_HUB_DISABLE_IMPLICIT_TOKEN is set: no token is sent at all.\n')
      }
      host.stderr.write('Try it: windlass token test huggingface\n')
    })
}

function testCommand(context: CommandContext): Command {
  return new Command('test')
    .summary('ask the host whose token it is')
    .description(
      'Asks the host whose token it is, with the token that a download would use. Exit code 3 when there is none, or the host does not know it.',
    )
    .addArgument(new Argument('<host>', 'whose token').choices(HOSTS))
    .option('--json', 'one JSON object')
    .action(async (source: string, flags: { readonly json?: boolean }) => {
      context.finish(await testToken(context, source, flags.json === true))
    })
}

async function testToken(
  context: CommandContext,
  source: string,
  json: boolean,
): Promise<ExitCode> {
  const { host } = context
  const { hub, proxy } = context.settings()
  const found = await findHubToken(hub)
  if (found === null) return tellNone(host, hub)
  const where = found.path ?? 'HF_TOKEN'
  if (!json) host.stderr.write(`Asking ${hub.endpoint} with the token from ${where}.\n`)
  const userAgent = `windlass/${readVersion()}`
  const { name, role, tokenName } = await askHubIdentity(
    found.token,
    { hub, proxy, userAgent, clock: host.clock },
    { signal: AbortSignal.timeout(TIMEOUT_MS) },
  )
  if (json) {
    const facts = { host: source, endpoint: hub.endpoint, from: where, name, tokenName, role }
    host.stdout.write(`${JSON.stringify(facts)}\n`)
    return EXIT_CODES.done
  }
  const what = [role, tokenName === null ? null : `called ${tokenName}`].filter(Boolean).join(', ')
  const kind = what === '' ? '' : ` (${printable(what)})`
  host.stdout.write(`It is the token of ${printable(name)}${kind}.\n`)
  return EXIT_CODES.done
}

function tellNone(host: CliHost, hub: Settings['hub']): ExitCode {
  const failure = hub.implicitTokenDisabled
    ? {
        message: 'No token is sent, as HF_HUB_DISABLE_IMPLICIT_TOKEN says',
        hint: 'Unset HF_HUB_DISABLE_IMPLICIT_TOKEN to use one.',
      }
    : { message: 'No token is set', hint: 'Set one: windlass token set huggingface' }
  host.stderr.write(`${failureLines(failure, paintFor(host.stderr, host.env)).join('\n')}\n`)
  return EXIT_CODES.blocked
}

function rmCommand(context: CommandContext): Command {
  return new Command('rm')
    .summary('remove the token that Windlass keeps')
    .description('Removes the token that `windlass token set` has kept, and no other.')
    .addArgument(new Argument('<host>', 'whose token').choices(HOSTS))
    .option('-y, --yes', 'do not ask')
    .action(async (_source: string, flags: { readonly yes?: boolean }) => {
      const { host } = context
      const { home, hub } = ownSettings(context)
      const lines = ['Windlass keeps the token nowhere else.']
      const yes = flags.yes === true || !(await keepsOwnToken(home))
      if (!(await confirm(host, { lines, yes }))) return context.finish(EXIT_CODES.failed)
      const removed = await removeOwnToken(home)
      host.stdout.write(removed ? 'Removed.\n' : 'Windlass keeps no token of huggingface.\n')
      const left = await findHubToken(hub)
      if (left !== null) {
        host.stderr.write(`The one from ${left.path ?? 'HF_TOKEN'} is used from now on.\n`)
      }
    })
}

/** @throws UsageError where commands go to a server whose home may be on another machine */
function ownSettings(context: CommandContext): Settings {
  const settings = context.settings()
  if (settings.server === null) return settings
  throw new UsageError(
    `Commands go to ${settings.server.origin}, and its tokens are in its own home`,
    'Run this on the machine of that server, without WINDLASS_SERVER.',
  )
}

function onCommandLine(): UsageError {
  return new UsageError(
    'A token does not belong on the command line, where others on this machine can read it',
    'If it is a real one, replace it. Then: windlass token set huggingface < token.txt',
  )
}

async function textOfToken(host: CliHost): Promise<string> {
  if (!host.canAsk) return await host.readInput()
  const text = await host.askHidden('Token (nothing is shown): ')
  host.stderr.write('\n')
  return text
}

/** @throws UsageError when it cannot be one; what was typed is not shown */
function readToken(text: string): Secret {
  const token = text.trim()
  if (token.length <= LONGEST_TOKEN && /^[\x21-\x7e]+$/.test(token)) return new Secret(token)
  throw new UsageError(
    token === '' ? 'No token was given' : 'A token is one word of at most 512 visible characters',
    'Type it at the prompt, or hand it in: windlass token set huggingface < token.txt',
  )
}
