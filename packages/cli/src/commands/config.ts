import { findHubToken, type HubEnvironment } from '@windlass/engine'
import { type ExplainedSetting, explainSettings, type Settings } from '@windlass/server'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { failureLines } from '../render/failure-lines.ts'
import { paintFor } from '../render/paint.ts'
import { printable } from '../render/printable.ts'
import { renderTable } from '../render/render-table.ts'

const MORE = `
Examples:
  windlass config
  windlass config --json | jq -r 'select(.variable == "WINDLASS_HOME").value'

A flag goes before the environment, that before config.toml in WINDLASS_HOME, and that before
the default. A server that runs keeps the settings it was started with.
`

type Row = Pick<ExplainedSetting, 'variable' | 'value' | 'hidden' | 'from' | 'problem'>

/** Every setting, its value and where it comes from. */
export function configCommand(context: CommandContext): Command {
  return new Command('config')
    .summary('show each setting, and where it comes from')
    .description(
      'Shows each setting, its value and where it comes from. Secrets are not shown. Exit code 2 when a value makes no sense.',
    )
    .option('--json', 'one JSON object per line')
    .addHelpText('after', MORE)
    .action(async (flags: { readonly json?: boolean }) => {
      const { env, homeDir, platform } = context.host
      const own = explainSettings({ env, homeDir, platform })
      const isWrong = own.some(({ problem }) => problem !== undefined)
      // What others' variables come to is known only where all is well.
      const rows = isWrong ? own : [...own, ...(await foreignRows(context.settings(), env))]
      if (flags.json) writeJson(context, rows)
      else writeTable(context, rows)
      if (isWrong) context.finish(EXIT_CODES.usage)
    })
}

async function foreignRows(
  { hub, proxy }: Settings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Row[]> {
  const row = (variable: string, value: string | null, ...others: readonly string[]): Row => {
    const from = [variable, ...others].some((name) => env[name])
      ? 'the environment'
      : value === null
        ? 'nobody sets it'
        : 'the default'
    return { variable, value, hidden: false, from }
  }
  const { httpProxy, httpsProxy, noProxy } = proxy
  return [
    row('HF_ENDPOINT', hub.endpoint, 'HUGGINGFACE_CO_STAGING'),
    row('HF_HUB_CACHE', hub.cacheDir, 'HUGGINGFACE_HUB_CACHE', 'HF_HOME', 'XDG_CACHE_HOME'),
    await tokenRow(hub),
    row('HF_HUB_OFFLINE', hub.offline ? 'yes' : 'no', 'TRANSFORMERS_OFFLINE'),
    { ...row('https_proxy', hostOf(httpsProxy)), from: placeOf(httpsProxy) },
    { ...row('http_proxy', hostOf(httpProxy)), from: placeOf(httpProxy) },
    { ...row('no_proxy', noProxy ?? null), from: placeOf(noProxy) },
  ]
}

async function tokenRow(hub: HubEnvironment): Promise<Row> {
  const found = await findHubToken(hub)
  const from = found === null ? 'nobody sets it' : (found.path ?? 'the environment')
  return { variable: 'HF_TOKEN', value: null, hidden: found !== null, from }
}

/** The address of a proxy may hold a password. */
function hostOf(proxy: string | undefined): string | null {
  return proxy === undefined ? null : new URL(proxy).host
}

function placeOf(value: string | undefined): string {
  return value === undefined ? 'nobody sets it' : 'the environment'
}

function writeJson({ host }: CommandContext, rows: readonly Row[]): void {
  for (const { from, hidden, problem, value, variable } of rows) {
    const line = { variable, value, hidden, from, ...(problem === undefined ? {} : { problem }) }
    host.stdout.write(`${JSON.stringify(line)}\n`)
  }
}

function writeTable({ host }: CommandContext, rows: readonly Row[]): void {
  const columns = [{ title: 'Setting' }, { title: 'From' }, { title: 'Value' }]
  const cells = rows.map(({ from, hidden, value, variable }) => [
    variable,
    printable(from),
    hidden ? '(set, not shown)' : printable(value ?? '-'),
  ])
  // Never cut: a path that is cut cannot be copied. The last column may be broken by the terminal.
  host.stdout.write(
    renderTable(columns, cells, null)
      .map((line) => `${line}\n`)
      .join(''),
  )
  const paint = paintFor(host.stderr, host.env)
  for (const { problem } of rows) {
    if (problem !== undefined)
      host.stderr.write(`${failureLines({ message: problem }, paint).join('\n')}\n`)
  }
}
