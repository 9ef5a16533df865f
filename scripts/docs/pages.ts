import { cliPage } from './cli-page.ts'
import { errorsPage } from './errors-page.ts'
import { eventsPage } from './events-page.ts'
import { metricsPage } from './metrics-page.ts'
import { settingsPage } from './settings-page.ts'

/** The pages below docs/ that are written from tables in the code. */
export const PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  'cli.md': cliPage,
  'errors.md': errorsPage,
  'events.md': eventsPage,
  'metrics.md': metricsPage,
  'settings.md': settingsPage,
}
