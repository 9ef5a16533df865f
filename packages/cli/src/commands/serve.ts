import path from 'node:path'
import { type OpenHome, openHome } from '@windlass/server'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { createServeLog } from '../command-log.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import type { CliHost } from '../host.ts'

/** A server that was told to stop has this long to come to a safe point. */
const GRACE_MS = 10_000

interface ServeFlags {
  readonly host?: string
  readonly port?: string
  readonly quiet?: boolean
}

const EXAMPLES = `
Examples:
  windlass serve
  windlass serve --port 0                                a free port, which it prints
  WINDLASS_TOKEN=... windlass serve --host 0.0.0.0       for other machines, too
`

export function serveCommand(context: CommandContext): Command {
  return new Command('serve')
    .summary('run the server: queue, API, live events')
    .description('Serves the home until Ctrl-C. What was going on goes on by itself.')
    .option('--host <host>', 'address to listen on (127.0.0.1)')
    .option('--port <port>', 'port to listen on (9465); 0 takes any free one')
    .option('-q, --quiet', 'log warnings and errors only')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: ServeFlags) => {
      await serve(context, flags)
      context.finish(EXIT_CODES.done)
    })
}

async function serve(context: CommandContext, { quiet, ...flags }: ServeFlags): Promise<void> {
  const { host } = context
  const settings = context.settings(flags)
  const log = createServeLog(host, quiet ? 'warn' : 'info')
  const stopped = Promise.withResolvers<void>()
  let stopping = false
  let forgetUncaught = (): void => undefined
  const forget = host.onSignal((signal) => {
    if (stopping) host.exit(signal === 'SIGINT' ? EXIT_CODES.interrupted : EXIT_CODES.terminated)
    stopping = true
    stopped.resolve()
  })
  try {
    const home = await openHome(settings, { log, listenTcp: true })
    // One download's bug is no reason to drop the others.
    forgetUncaught = host.onUncaught((error) => home.engine.blame(error))
    if (!quiet) announce(host, { ...home, tokenPath: tokenPlace(settings) })
    await stopped.promise
    if (!quiet)
      host.stderr.write('Stopping; everything received is kept. Ctrl-C again stops at once.\n')
    const giveUp = host.clock.every(GRACE_MS, () => {
      log.error({ graceMs: GRACE_MS }, 'did not come to a safe point in time; stopping at once')
      host.exit(EXIT_CODES.failed)
    })
    await home.close()
    giveUp()
  } finally {
    forgetUncaught()
    forget()
  }
}

function announce(
  host: CliHost,
  facts: Pick<OpenHome, 'url' | 'signInUrl'> & { readonly tokenPath: string },
): void {
  host.stderr.write(
    [
      `Windlass serves on ${facts.url ?? 'its socket'}`,
      `Sign a browser in, once, within the hour: ${facts.signInUrl?.reveal() ?? 'not without a port'}`,
      `API token: in ${facts.tokenPath}`,
      'Stop with Ctrl-C; downloads go on at the next start.',
      '',
    ].join('\n'),
  )
}

function tokenPlace(settings: { readonly home: string; readonly token: unknown }): string {
  return settings.token === null ? path.join(settings.home, 'token') : 'WINDLASS_TOKEN'
}
