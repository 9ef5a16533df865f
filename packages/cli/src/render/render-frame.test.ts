import { DOWNLOAD_STATES } from '@windlass/contract'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sampleDownload } from '../testing/sample-download.ts'
import { displayWidth } from './display-width.ts'
import type { DownloadView, FileView } from './progress-model.ts'
import { renderFrame } from './render-frame.ts'
import { SpeedWindow } from './speed-window.ts'

function file(path: string, changes: Partial<FileView> = {}): FileView {
  const speed = new SpeedWindow()
  speed.add(0, 0)
  speed.add(1000, 50e6)
  return { path, sizeBytes: 4e9, receivedBytes: 1e9, state: 'downloading', speed, ...changes }
}

function view(
  changes: Parameters<typeof sampleDownload>[0],
  files: readonly FileView[] = [],
): DownloadView {
  return { summary: sampleDownload(changes), activeFiles: files }
}

const frame = (views: readonly DownloadView[], columns = 120, rows = 24): string[] =>
  renderFrame({ views, now: 1000 }, columns, rows)

describe('renderFrame', () => {
  it('shows a download with its moving files below it', () => {
    const [head, first] = frame([view({}, [file('model-00001-of-00004.safetensors')])])
    expect(head).toBe(
      'org/name  ██████████░░░░░░░░░░   50 %  5.0 of 10.0 GB  100 MB/s  50 s left  1 of 4 files',
    )
    expect(first).toMatch(
      /^ {2}model-00001-of-00004\.safetensors +█{5}░{15} +25 % +1\.0 of 4\.0 GB +50\.0 MB\/s$/,
    )
  })

  it('says why a download waits and when it goes on', () => {
    const reason = {
      code: 'HTTP_RATE_LIMITED' as const,
      cause: 'host' as const,
      message: 'The host asked us to slow down',
      retryAt: 13_000,
    }
    const [line] = frame([view({ state: 'waiting', reason })])
    expect(line).toContain('waiting 12 s: The host asked us to slow down')
    expect(line).not.toContain('MB/s')
  })

  it('shows what is blocked before what rests, where there is no room for both', () => {
    const states = ['paused', 'failed', 'blocked', 'completed'] as const
    const views = states.map((state) => view({ id: state, title: `org/${state}`, state }))
    const shown = frame(views, 120, 3).join('\n')
    expect(shown).toContain('org/blocked')
    expect(shown).not.toContain('org/completed')
  })

  it('tells the files of a model apart on a narrow terminal', () => {
    const files = [1, 2].map((part) => file(`model-0000${part}-of-00004.safetensors`))
    const [, first, second] = frame([view({}, files)], 60)
    expect(first).toContain('model-00001-of-00004.safetensors')
    expect(second).toContain('model-00002-of-00004.safetensors')
  })

  it('says that a file is being verified in place of its speed', () => {
    expect(frame([view({}, [file('a.bin', { state: 'verifying' })])])[1]).toMatch(/verifying$/)
  })

  it('counts the files it has no room for', () => {
    const files = Array.from({ length: 10 }, (_, index) => file(`file-${index}.bin`))
    const lines = frame([view({}, files)], 100, 6)
    expect(lines).toHaveLength(5)
    expect(lines.at(-1)).toBe('  ... and 7 more files')
  })

  it('shares the room for files between the downloads', () => {
    const files = [file('a.bin'), file('b.bin'), file('c.bin')]
    const lines = frame([view({ title: 'one' }, files), view({ title: 'two' }, files)], 100, 7)
    expect(lines.filter((line) => line.includes('2 more files'))).toHaveLength(1 + 1)
  })

  it('keeps the downloads that move in sight when there are too many', () => {
    const done = Array.from({ length: 20 }, (_, index) =>
      view({ title: `done-${index}`, state: 'completed' }),
    )
    const lines = frame([...done, view({ title: 'moving' }, [file('a.bin')])], 100, 5)
    expect(lines.some((line) => line.startsWith('moving'))).toBe(true)
    expect(lines.at(-1)).toMatch(/^\.\.\. and \d+ more downloads$/)
  })

  it('shows what a stranger named a file without obeying it', () => {
    expect(frame([view({}, [file('\u001b[2Jboom.bin')])])[1]).toContain('\ufffd[2Jboom.bin')
  })

  it('never draws past the edges of the terminal', () => {
    const views = fc.array(
      fc
        .record({
          title: fc.string({ unit: 'grapheme', maxLength: 80 }),
          state: fc.constantFrom(...DOWNLOAD_STATES),
          files: fc.array(fc.string({ unit: 'grapheme', maxLength: 100 }), { maxLength: 12 }),
          message: fc.string({ maxLength: 100 }),
        })
        .map(({ files, message, state, title }) =>
          view(
            { title, state, reason: { code: 'NET_RESET', cause: 'network', message } },
            files.map((path) => file(path)),
          ),
        ),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(
        views,
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 40 }),
        (some, columns, rows) => {
          const lines = frame(some, columns, rows)
          expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1))
          for (const line of lines)
            expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(1, columns - 1))
        },
      ),
    )
  })
})
