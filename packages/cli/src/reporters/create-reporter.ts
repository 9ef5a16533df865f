import type { CliHost } from '../host.ts'
import type { ProgressModel } from '../render/progress-model.ts'
import { createJsonReporter } from './create-json-reporter.ts'
import { createLineReporter } from './create-line-reporter.ts'
import { createLiveReporter } from './create-live-reporter.ts'
import { onceEach } from './once-each.ts'
import type { Reporter } from './reporter.ts'

export interface ReporterOptions {
  readonly json?: boolean
  readonly quiet?: boolean
}

const silent: Reporter = { event() {}, note() {}, close() {} }

/** The way of telling that fits the options and the terminal. */
export function createReporter(
  host: CliHost,
  model: ProgressModel,
  options: ReporterOptions,
): Reporter {
  if (options.json) return createJsonReporter(host)
  if (options.quiet) return silent
  const live = host.stderr.isTerminal && host.env['TERM'] !== 'dumb'
  const reporter = live ? createLiveReporter(host, model) : createLineReporter(host, model)
  return onceEach(reporter, host.clock)
}
