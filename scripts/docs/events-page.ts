import {
  ERROR_CODE_NAMES,
  LOGGED_EVENTS,
  type LoggedEventType,
  PASSING_EVENTS,
  type PassingEventType,
} from '@windlass/contract'
import { z } from 'zod'
import { code, page, table } from './markdown.ts'

type Schema = z.core.JSONSchema.BaseSchema

/** When each event is sent. */
const MEANINGS: Readonly<Record<LoggedEventType | PassingEventType, string>> = {
  'download.created': 'A download was accepted.',
  'download.state-changed': 'A download went from one state to another; `reason` says why.',
  'download.resolved': 'The source has said which files a download is made of.',
  'download.file-completed':
    'A file is in place and checked; `present` when it was there before and cost no byte.',
  'download.noticed':
    'Something a person should know that stops nothing: a retry, a restart of a file, a new name.',
  'download.cleaned': 'A cancelled download is cleaned up: what was removed.',
  'download.moved': 'A download has another place in the queue, or another priority.',
  'download.forgotten': 'A settled download left the list.',
  'limits.changed':
    'Other limits hold: by a person, by the schedule, or because what was meant for a while has ended.',
  'download.progressed': 'A sample of the progress, a few times a second while bytes arrive.',
  'download.logged':
    'A line of the log of a download, on `WS /ws/jobs/{id}/logs` alone: the last hundred at first, then each new one.',
  resync:
    'The log no longer holds what the reader missed: read the list anew, go on from `seq`. A WebSocket that names no place begins with it.',
}

/** docs/events.md: every event of the live streams, with its payload. */
export function eventsPage(): string {
  const shapes = new Map<string, Schema>()
  const logged = eventSections(LOGGED_EVENTS, shapes)
  const passing = eventSections(PASSING_EVENTS, shapes)
  return page('Events', 'packages/contract/src/events.ts', [
    'An event is `{seq, at, type, data}`: `at` is in epoch milliseconds, `type` is one of the names below, `data` is its payload. `GET /api/events` sends them as server-sent events whose id is `seq`; a reader that was away sends the last one as `Last-Event-ID` and gets what it missed. `WS /ws` sends the same objects, one as JSON in each message, from behind its query `lastEventId`; the message `{"lastEventId": 5}` goes back to behind event 5.',
    '## Kept in the log',
    ...logged,
    '## Sent to those who listen, never kept',
    'Their `seq` is null.',
    ...passing,
    '## Shapes',
    ...[...shapes].flatMap(([name, shape]) => [`### ${name}`, describeShape(shape)]),
  ])
}

function eventSections(
  events: Readonly<Partial<Record<keyof typeof MEANINGS, z.ZodType>>>,
  shapes: Map<string, Schema>,
): string[] {
  return Object.entries(events).flatMap(([type, schema]) => {
    const json = z.toJSONSchema(schema)
    for (const [name, shape] of Object.entries(json.$defs ?? {})) shapes.set(name, shape)
    const meaning = MEANINGS[type as keyof typeof MEANINGS] // the keys are those of the parameter's type
    return [`### ${code(type)}`, meaning, describeShape(json)]
  })
}

function describeShape(shape: Schema): string {
  if (shape.properties === undefined) return `One of: ${describeType(shape)}.`
  return table(
    ['field', 'value'],
    Object.entries(shape.properties).map(([name, field]) => [
      code(name),
      `${describeField(field)}${shape.required?.includes(name) ? '' : '; may be absent'}`,
    ]),
  )
}

/** The value of a field: its type and what its schema says about it. */
function describeField(field: z.core.JSONSchema._JSONSchema): string {
  if (typeof field === 'boolean') return 'anything'
  const notes = field.description === undefined ? '' : ` (${field.description.toLowerCase()})`
  return describeType(field) + notes
}

function describeType(schema: Schema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice('#/$defs/'.length)
    return `[${name}](#${name.toLowerCase()})`
  }
  if (schema.enum?.length === ERROR_CODE_NAMES.length) return 'an [error code](errors.md)'
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(', ')
  if (schema.anyOf !== undefined) return schema.anyOf.map(describeField).join(' or ')
  if (schema.type === 'array') return `list of ${describeItems(schema)}`
  if (schema.properties !== undefined) {
    const fields = Object.entries(schema.properties)
    return `{ ${fields.map(([name, field]) => `${code(name)}: ${describeField(field)}`).join('; ')} }`
  }
  return Array.isArray(schema.type) ? schema.type.join(' or ') : (schema.type ?? 'anything')
}

function describeItems({ items }: Schema): string {
  return items === undefined || Array.isArray(items) ? 'anything' : describeField(items)
}
