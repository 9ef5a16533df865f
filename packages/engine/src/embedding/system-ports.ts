import { readFileSync } from 'node:fs'
import type { EnginePorts, Logger } from '../ports.ts'
import { systemClock } from '../runtime/clock.ts'

/** The side effects of a real machine. */
export function systemPorts(log: Logger): EnginePorts {
  let bootId: string | null | undefined
  return {
    clock: systemClock,
    log,
    random: Math.random,
    bootId() {
      // No process outlives its boot, and each file asks.
      if (bootId === undefined) bootId = readBootId()
      return bootId
    },
  }
}

/** Linux's random id of the running boot (random(4)); null elsewhere. */
function readBootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // Unknown is an answer: the engine then trusts only what was synced.
    return null
  }
}
