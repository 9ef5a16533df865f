import type { EngineOptions } from '../engine.ts'
import type { EnginePorts } from '../ports.ts'
import { systemClock } from '../runtime/clock.ts'

/** One connection, so that what a host was asked for can be told to the byte. */
export const LIMITS: EngineOptions['limits'] = {
  maxActive: 3,
  maxQueued: 100,
  connections: 1,
  retries: 5,
  timeLimitMs: 24 * 3600_000,
}

const QUIET: EnginePorts['log'] = { debug() {}, info() {}, warn() {}, error() {} }

/** Time and chance as they are, and nothing in the log. */
export function testPorts(changes: Partial<EnginePorts> = {}): EnginePorts {
  return { clock: systemClock, log: QUIET, random: Math.random, bootId: () => 'boot', ...changes }
}
