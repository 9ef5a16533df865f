import { downloadIdOf } from '@windlass/contract'
import type { CliHost } from '../host.ts'
import { eventLine, progressLine } from '../render/event-line.ts'
import type { ProgressModel } from '../render/progress-model.ts'
import type { Reporter } from './reporter.ts'

const SILENCE_MS = 30_000

/** One line for each event, and one every 30 s for a download that only moves bytes. */
export function createLineReporter(host: CliHost, model: ProgressModel): Reporter {
  const lastLineAt = new Map<string, number>()
  const say = (text: string): void => host.stderr.write(`${text}\n`)
  return {
    event(event) {
      const id = downloadIdOf(event)
      if (id === null) return
      const download = model.find(id)
      const now = host.clock.monotonicMs()
      const line = eventLine(event, download)
      if (line !== null) {
        say(line)
        lastLineAt.set(id, now)
      } else if (event.type === 'download.progressed' && download !== undefined) {
        if (now - (lastLineAt.get(id) ?? now - SILENCE_MS) < SILENCE_MS) return
        say(progressLine(download))
        lastLineAt.set(id, now)
      }
    },
    note: say,
    close() {},
  }
}
