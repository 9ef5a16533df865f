import { METRICS } from '@windlass/server'
import { code, page, table } from './markdown.ts'

/** docs/metrics.md: every metric of `GET /metrics`. */
export function metricsPage(): string {
  return page('Metrics', 'packages/server/src/metrics/metrics-table.ts', [
    '`GET /metrics` answers in the format of Prometheus. It wants the API token as `Authorization: Bearer TOKEN`, except on the Unix socket in `WINDLASS_HOME`. Names never change their meaning.',
    table(
      ['metric', 'kind', 'labels', 'what it says'],
      Object.entries(METRICS).map(([name, { kind, labels, help }]) => [
        code(name),
        kind,
        labels.map(code).join(' '),
        help,
      ]),
    ),
  ])
}
