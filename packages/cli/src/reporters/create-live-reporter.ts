import type { CliHost } from '../host.ts'
import { eventLine } from '../render/event-line.ts'
import { type Paint, paintFor } from '../render/paint.ts'
import type { ProgressModel } from '../render/progress-model.ts'
import { renderFrame } from '../render/render-frame.ts'
import { LiveScreen } from '../terminal/live-screen.ts'
import type { Reporter } from './reporter.ts'

const FRAME_MS = 125

/** A picture that is drawn over itself eight times a second; only notices stay above it. */
export function createLiveReporter(host: CliHost, model: ProgressModel): Reporter {
  const screen = new LiveScreen(host)
  const paint: Paint = paintFor(host.stderr, host.env)
  const draw = (): void => {
    const input = { views: model.views(), now: host.clock.now(), paint }
    screen.draw(renderFrame(input, host.stderr.columns(), host.stderr.rows()))
  }
  const stopTicking = host.clock.every(FRAME_MS, draw)
  return {
    event(event) {
      if (event.type !== 'download.noticed') return
      const line = eventLine(event, model.find(event.data.id))
      if (line !== null) screen.print(paint('dim', line))
    },
    note: (text) => screen.print(text),
    close() {
      stopTicking()
      draw()
      screen.close()
    },
  }
}
