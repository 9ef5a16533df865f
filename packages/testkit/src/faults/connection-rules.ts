import type { FaultHandle } from './fault-rule.ts'

/** What becomes of a connection before anything is read from it; on TLS before the handshake. */
export type ConnectionFault = 'reset' | 'fin' | 'stall'

export interface ConnectionRule {
  /** The listener; any unless given. */
  readonly role?: string
  /** Only connections that come while this says so; the others are not counted. */
  readonly when?: () => boolean
  /** Spare the connections before this one, counted from 1. Alone it means this one only. */
  readonly nth?: number
  /** How many connections; without limit unless `nth` is given. */
  readonly times?: number
  readonly do: ConnectionFault
}

/** Ordered rules for connections; the first one that applies is the only one that does. */
export interface ConnectionRules {
  add(rule: ConnectionRule): FaultHandle
  /** What to do with this connection, counting it. */
  take(role: string): ConnectionFault | undefined
  clear(): void
}

interface ActiveRule {
  readonly rule: ConnectionRule
  seen: number
  hits: number
}

export function createConnectionRules(): ConnectionRules {
  const active = new Set<ActiveRule>()
  return {
    add(rule) {
      const entry: ActiveRule = { rule, seen: 0, hits: 0 }
      active.add(entry)
      return {
        get hits() {
          return entry.hits
        },
        remove: () => void active.delete(entry),
      }
    },
    take(role) {
      const found = [...active].find((entry) => isAbout(entry.rule, role) && isTurn(entry))
      if (found !== undefined) found.hits++
      return found?.rule.do
    },
    clear: () => active.clear(),
  }
}

function isAbout(rule: ConnectionRule, role: string): boolean {
  return (rule.role ?? role) === role && (rule.when?.() ?? true)
}

function isTurn(entry: ActiveRule): boolean {
  const { nth, times } = entry.rule
  entry.seen++
  const first = nth ?? 1
  const count = times ?? (nth === undefined ? Number.POSITIVE_INFINITY : 1)
  return entry.seen >= first && entry.seen < first + count
}
