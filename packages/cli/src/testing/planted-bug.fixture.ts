import { open } from 'node:fs/promises'
import { isMainThread } from 'node:worker_threads'

/**
 * Loaded into a program beside what it does (`--import`): throws once where nobody can catch it, on
 * behalf of a download that writes, which then may be stuck, or of nobody.
 */
const victim = process.env['WINDLASS_TEST_BUG']
const throwLater = (): void => {
  setImmediate(() => {
    throw new Error(`a planted bug of ${victim}`)
  })
}

if (isMainThread && (victim === 'download' || victim === 'stuck')) {
  await using probe = await open(process.execPath)
  const handles = Object.getPrototypeOf(probe)
  const { writev } = handles
  let writes = 0
  handles.writev = function (...args: unknown[]) {
    writes += 1
    if (writes === 20) throwLater()
    if (writes === 20 && victim === 'stuck') return new Promise(() => undefined)
    return writev.apply(this, args)
  }
}
if (isMainThread && victim === 'nobody') setTimeout(throwLater, 1_000)
