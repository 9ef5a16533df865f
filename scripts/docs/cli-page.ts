import { helpPages, JSON_OUTPUTS } from '@windlass/cli'
import { code, page, table } from './markdown.ts'

/** docs/cli.md: what `--help` of each command says, and what `--json` writes. */
export async function cliPage(): Promise<string> {
  const pages = await helpPages()
  return page('Command line', 'packages/cli/src/commands/', [
    'What `windlass --help` and the help of each command say. In a checkout the command is `./windlass`.',
    ...pages.flatMap(({ command, text }) => [`## ${command}`, `\`\`\`text\n${text}\n\`\`\``]),
    '## JSON',
    'With `--json`, stdout gets one JSON object per line and nothing else; what is said to people goes to stderr. A failure that belongs to no line is told on stderr alone, by its exit code. Keys are added freely, and never renamed or removed.',
    table(
      ['command', 'each line'],
      JSON_OUTPUTS.map(({ command, lines }) => [code(command), lines]),
    ),
  ])
}
