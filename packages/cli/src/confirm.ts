import type { CliHost } from './host.ts'
import { UsageError } from './usage-error.ts'

/**
 * Asks before something is deleted; `--yes` is the answer where nobody can be asked.
 * @throws UsageError when nobody can be asked and `yes` is false
 */
export async function confirm(
  host: CliHost,
  question: { readonly lines: readonly string[]; readonly yes: boolean },
): Promise<boolean> {
  if (question.yes) return true
  if (!host.canAsk) {
    throw new UsageError('This deletes something, and there is no terminal to ask on', 'Say --yes.')
  }
  host.stderr.write(question.lines.map((line) => `${line}\n`).join(''))
  const answer = await host.ask('Go on? [y/N] ')
  return ['y', 'yes'].includes(answer.trim().toLowerCase())
}
