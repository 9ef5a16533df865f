import type { FaultAction, FaultHandle, FaultMatch, FaultRule } from './fault-rule.ts'
import type { SeenRequest } from './reply.ts'

/** Ordered rules; the first one that applies to a request is the only one that does. */
export interface FaultRules {
  add(rule: FaultRule): FaultHandle
  /** What to do wrong with this request, counting it. */
  take(request: RuleSubject): FaultAction | undefined
  clear(): void
}

/** What rules look at. */
export interface RuleSubject {
  readonly role: string
  readonly request: SeenRequest
  /** The file that the request is about, if the listener can tell. */
  readonly file: string | undefined
}

interface ActiveRule {
  readonly rule: FaultRule
  seen: number
  hits: number
}

export function createFaultRules(): FaultRules {
  const active: ActiveRule[] = []
  return {
    add(rule) {
      const entry: ActiveRule = { rule, seen: 0, hits: 0 }
      active.push(entry)
      return {
        get hits() {
          return entry.hits
        },
        remove() {
          const at = active.indexOf(entry)
          if (at !== -1) active.splice(at, 1)
        },
      }
    },
    take(subject) {
      const found = active.find(
        (entry) => isAbout(entry.rule.match ?? {}, subject) && isTurn(entry),
      )
      if (found === undefined) return undefined
      found.hits++
      return found.rule.do
    },
    clear() {
      active.length = 0
    },
  }
}

function isTurn(entry: ActiveRule): boolean {
  const { nth, times } = entry.rule.match ?? {}
  entry.seen++
  const first = nth ?? 1
  const count = times ?? (nth === undefined ? Number.POSITIVE_INFINITY : 1)
  return entry.seen >= first && entry.seen < first + count
}

function isAbout(match: FaultMatch, { role, request, file }: RuleSubject): boolean {
  return (
    (match.role === undefined || match.role === role) &&
    (match.method === undefined || match.method === request.method) &&
    (match.path === undefined || pathAgrees(match.path, `/${request.segments.join('/')}`)) &&
    (match.file === undefined || valueAgrees(match.file, file)) &&
    rangeAgrees(match, request.range?.first) &&
    (match.when?.() ?? true) &&
    Object.entries(match.header ?? {}).every(([name, wanted]) =>
      valueAgrees(wanted, request.headers[name]?.toString()),
    )
  )
}

function rangeAgrees(match: FaultMatch, from: number | undefined): boolean {
  if (match.rangeFrom !== undefined && match.rangeFrom !== from) return false
  if (match.rangeFromAtLeast === undefined) return true
  return from !== undefined && from >= match.rangeFromAtLeast
}

function pathAgrees(wanted: string | RegExp, path: string): boolean {
  return typeof wanted === 'string' ? path.includes(wanted) : isFound(wanted, path)
}

function valueAgrees(wanted: string | RegExp, value: string | undefined): boolean {
  if (value === undefined) return false
  return typeof wanted === 'string' ? wanted === value : isFound(wanted, value)
}

/** Unlike `test`, independent of what a global expression matched before. */
function isFound(expression: RegExp, text: string): boolean {
  return text.search(expression) !== -1
}
