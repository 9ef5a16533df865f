import { equal } from 'node:assert/strict'
import { join } from 'node:path'
import { requireTool, type SkippableContext, sha256OfRandomBytes } from '@windlass/testkit'
import type { Engine } from '../engine.ts'
import type { ChildLine } from './engine-child.fixture.ts'
import { type FaultWorld, REPO } from './fault-world.fixture.ts'
import { requireRoot } from './small-disk.fixture.ts'

/** The one download of the home, in an engine of this process. */
export async function theDownload(engine: Engine): Promise<string> {
  const { items } = await engine.downloads.list({ limit: 2 })
  equal(items.length, 1)
  return items[0]?.id ?? ''
}

/** strace's way to fail, or to kill at, a system call; with a path, only where the call is about that. */
export function injecting(context: SkippableContext, rule: string, path?: string): string[] {
  requireRoot(context)
  const strace = requireTool(context, 'strace')
  const calls = rule.slice(0, rule.indexOf(':'))
  const where = path === undefined ? [] : ['-P', path]
  const what = ['-e', `trace=${calls}`, '-e', `inject=${rule}`]
  // Calls are counted for each thread by itself.
  const oneThread = ['env', 'UV_THREADPOOL_SIZE=1']
  return [...oneThread, strace, '-f', '-qqq', '-o', '/dev/null', ...where, ...what]
}

/** Leaves a download in the queue for the next owner of the home. @returns its part file */
export async function queueDownload(world: FaultWorld): Promise<string> {
  const engine = await world.open({ start: false })
  const { download } = await engine.downloads.create({ ref: REPO })
  await engine.close()
  const sha256 = await sha256OfRandomBytes({ seed: 'weights', sizeBytes: world.sizeBytes })
  return join(world.repo, '.windlass', download.id, `${sha256}.part`)
}

export const isOver = ({ state }: ChildLine): boolean =>
  state === 'blocked' || state === 'failed' || state === 'completed'
