import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { checkCache } from '../doctor/check-cache.ts'
import { checkHome } from '../doctor/check-home.ts'
import { checkHub } from '../doctor/check-hub.ts'
import { checkRuntime } from '../doctor/check-runtime.ts'
import { checkStaging } from '../doctor/check-staging.ts'
import type { Finding } from '../doctor/finding.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { findingLines } from '../render/finding-lines.ts'
import { paintFor } from '../render/paint.ts'

const EXAMPLES = `
Examples:
  windlass doctor
  windlass doctor --json | jq -r 'select(.level != "ok").todo'
`

export function doctorCommand(context: CommandContext): Command {
  return new Command('doctor')
    .summary('check what downloads need, and say what to do')
    .description(
      'Checks the runtime, the home, the cache and the way to the Hub. Exit code 3 when something is bad.',
    )
    .option('--json', 'one JSON object per line')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: { readonly json?: boolean }) => {
      const { host } = context
      let anyBad = false
      for await (const findings of checkAll(context)) {
        anyBad ||= findings.some((finding) => finding.level === 'bad')
        const lines = flags.json
          ? findings.map((finding) => JSON.stringify(finding))
          : findingLines(findings, paintFor(host.stdout, host.env))
        host.stdout.write(lines.map((line) => `${line}\n`).join(''))
      }
      context.finish(anyBad ? EXIT_CODES.blocked : EXIT_CODES.done)
    })
}

async function* checkAll(
  context: CommandContext,
): AsyncGenerator<readonly Finding[], void, undefined> {
  yield checkRuntime(context.host.versions)
  const settings = context.settings()
  const connector = context.connector(settings)
  yield await checkHome(settings.home, () => connector.toOwner())
  yield await checkCache(settings.hub.cacheDir)
  yield await checkStaging(settings.hub.cacheDir, settings.home)
  yield await checkHub(settings)
}
