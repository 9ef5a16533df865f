import { expect, it } from 'vitest'
import { sampleDownload } from '../testing/sample-download.ts'
import { ProgressModel } from './progress-model.ts'

const whole = {
  ...sampleDownload(),
  files: [
    {
      path: 'a.bin',
      sizeBytes: 100,
      receivedBytes: 10,
      state: 'downloading' as const,
      present: false,
    },
    { path: 'b.bin', sizeBytes: 50, receivedBytes: 0, state: 'pending' as const, present: false },
  ],
}

function progressed(at: number, receivedBytes: number) {
  const { progress } = sampleDownload({ progress: { receivedBytes } })
  const files = [{ path: 'a.bin', receivedBytes, state: 'downloading' as const }]
  return {
    seq: null,
    at,
    type: 'download.progressed',
    data: { id: whole.id, progress, files },
  } as const
}

it('knows the size of a moving file from the download and its bytes from the samples', () => {
  const model = new ProgressModel()
  model.put(whole)
  model.apply(progressed(1000, 20))
  model.apply(progressed(2000, 60))
  const file = model.views()[0]?.activeFiles[0]
  expect(file).toMatchObject({ path: 'a.bin', sizeBytes: 100, receivedBytes: 60 })
  expect(file?.speed.bytesPerSecond(2000)).toBe(40)
})

it('lets go of a file that is done, and of all when the download stops', () => {
  const model = new ProgressModel()
  model.put(whole)
  model.apply({
    seq: 1,
    at: 0,
    type: 'download.file-completed',
    data: { id: whole.id, path: 'a.bin', sizeBytes: 100, present: false },
  })
  expect(model.views()[0]?.activeFiles).toEqual([])
  model.apply(progressed(1000, 20))
  const paused = sampleDownload({ state: 'paused' })
  model.apply({
    seq: 2,
    at: 0,
    type: 'download.state-changed',
    data: { id: whole.id, from: 'downloading', to: 'paused', download: paused },
  })
  expect(model.views()[0]?.activeFiles).toEqual([])
  expect(model.find(whole.id)?.state).toBe('paused')
})

it('does not take up downloads that it was not asked to follow', () => {
  const model = new ProgressModel()
  model.apply({ seq: 1, at: 0, type: 'download.created', data: { download: sampleDownload() } })
  expect(model.views()).toEqual([])
})
