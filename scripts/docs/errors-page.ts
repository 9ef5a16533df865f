import { CAUSE_OF, type Disposition, ERROR_CODES, type ErrorSpec } from '@windlass/contract'
import { code, page, table } from './markdown.ts'

/** What each disposition means to the person who reads the error. */
const DISPOSITIONS: Readonly<Record<Disposition, string>> = {
  retry: 'tried again by itself after a pause, from the byte where it stood',
  restart: 'the partial file is dropped and fetched anew by itself',
  blocked: 'waits until a person acts; every byte is kept',
  fail: 'ends this request or download',
  halt: 'Windlass itself cannot go on and says so',
}

/** docs/errors.md: every error code that a person or a program can meet. */
export function errorsPage(): string {
  const codes: readonly (readonly [string, ErrorSpec])[] = Object.entries(ERROR_CODES)
  const causes: Readonly<Record<string, string>> = CAUSE_OF
  return page('Errors', 'packages/contract/src/error-codes.ts', [
    'Every error has a code that never changes its meaning. The API answers with the HTTP status and an `application/problem+json` body that holds the code; a download that stands still holds it in `reason.code`; the CLI prints the message and the hint.',
    '## What happens then',
    table(
      ['kind', 'meaning'],
      Object.entries(DISPOSITIONS).map(([kind, meaning]) => [kind, meaning]),
    ),
    'Where a person looks first: `network` is the way to the host, `host` what it answers, `disk` the files of this machine, `person` what was asked for, a right that is missing or a limit that was set, `windlass` we ourselves. It is `reason.cause` of a download.',
    '## Codes',
    table(
      ['code', 'HTTP', 'kind', 'whose', 'what happened', 'what to do'],
      codes.map(([name, spec]) => [
        code(name),
        String(spec.status),
        spec.disposition,
        causes[name] ?? '',
        spec.message,
        spec.hint ?? '',
      ]),
    ),
  ])
}
