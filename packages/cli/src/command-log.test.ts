import { expect, it } from 'vitest'
import { createReporterLog, createServeLog, readableLine } from './command-log.ts'
import { plainPaint } from './render/paint.ts'
import { fakeHost } from './testing/fake-host.ts'

it('writes JSON lines where no terminal is', () => {
  const host = fakeHost()
  createServeLog(host, 'info').info({ id: 'a1' }, 'started')
  expect(JSON.parse(host.stderr.text())).toMatchObject({ id: 'a1', msg: 'started' })
})

it('is readable on a terminal, and obeys nothing that a stranger wrote', () => {
  const record = {
    level: 40,
    time: '2026-01-01T10:00:00.000Z',
    pid: 1,
    file: 'a\u001b[2J',
    msg: 'odd',
  }
  const line = readableLine(JSON.stringify(record), plainPaint)
  expect(line).toMatch(/^\d\d:\d\d:\d\d warning: odd {2}file=a\ufffd\[2J$/)
})

it('tells errors only where events tell the rest', () => {
  const notes: string[] = []
  const log = createReporterLog({ event() {}, note: (text) => notes.push(text), close() {} })
  log.warn({}, 'a retry')
  log.error({ err: new Error('no space') }, 'could not write')
  expect(notes).toEqual(['error: could not write: no space'])
})
