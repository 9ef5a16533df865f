import type { CliHost } from '../host.ts'
import type { Reporter } from './reporter.ts'

/** Events as they are, one JSON object per line on stdout; what is said to people goes to stderr. */
export function createJsonReporter(host: CliHost): Reporter {
  return {
    event: (event) => host.stdout.write(`${JSON.stringify(event)}\n`),
    note: (text) => host.stderr.write(`${text}\n`),
    close() {},
  }
}
