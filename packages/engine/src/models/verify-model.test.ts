import { open, readdir, readFile, realpath, rm, stat } from 'node:fs/promises'
import type { VerifyProgress } from '@windlass/contract'
import { expect, it } from 'vitest'
import { type HubEngine, openHubEngine } from '../faults/hub-engine.fixture.ts'
import { StopRequest } from '../runtime/stop-request.ts'
import { cacheFaults } from '../stores/hub-cache/testing/cache-faults.ts'
import { never } from '../stores/hub-cache/testing/pull-case.ts'
import { pullTwoRevisions, SHARED_BYTES } from './two-revisions-fixture.ts'

const REPO = 'hf/hub/models--org--name'
const signal = never
const query = { hf_repo: 'org/name' }

it('hashes every byte that is there, and tells how far it is', async () => {
  await using world = await openHubEngine()
  const { main } = await pullTwoRevisions(world)
  const told: VerifyProgress[] = []
  const report = await world.engine.models.verify(query, {
    signal,
    onProgress: (progress) => told.push(progress),
  })
  expect(report).toMatchObject({
    model: { hf_repo: 'org/name', hf_commit: main },
    status: 'VERIFIED',
    checked_against: 'hub',
    hub_error: null,
    files_checked: 3,
    damaged: [],
    missing: [],
    repair: null,
  })
  const last = told.at(-1)
  expect(last).toMatchObject({ phase: 'checking', files_done: 3, files_total: 3 })
  expect(last?.bytes_done).toBe(report.bytes_checked)
})

it('finds the one byte that is wrong, with the Hub and without it', async () => {
  await using world = await openHubEngine()
  await pullTwoRevisions(world)
  await flipByte(world, 'main', 'sub/model.bin')
  const report = await world.engine.models.verify(query, { signal })
  expect(report.status).toBe('DAMAGED')
  expect(report.damaged).toMatchObject([
    { path: 'sub/model.bin', problem: 'digest', algorithm: 'sha256', size_bytes: SHARED_BYTES },
  ])
  expect(report.damaged[0]?.actual).not.toBe(report.damaged[0]?.expected)
  // Names and sizes are what they should be.
  expect((await world.engine.models.status(query, { signal })).status).toBe('DOWNLOADED')
  world.hub.fault({ match: { role: 'hub' }, do: { status: 503 } })
  const offline = await world.engine.models.verify(query, { signal })
  expect(offline).toMatchObject({
    status: 'DAMAGED',
    checked_against: 'listing',
    hub_error: 'HTTP_SERVER',
    damaged: report.damaged,
  })
})

it('fetches only what is wrong, and mends every revision that shares it', async () => {
  await using world = await openHubEngine()
  const { old } = await pullTwoRevisions(world)
  await flipByte(world, 'main', 'sub/model.bin')
  world.hub.clearLog()
  const report = await world.engine.models.verify({ ...query, repair: true }, { signal })
  expect(report).toMatchObject({ status: 'REPAIRED', repair: { files: 1, bytes: SHARED_BYTES } })
  const fetched = world.hub.log.filter(({ role }) => role === 'cdn')
  expect(new Set(fetched.map(({ path }) => path)).size).toBe(1)
  expect(
    world.hub.log.filter(({ path }) => path.includes('/resolve/')).map(({ path }) => path),
  ).toEqual(expect.arrayContaining([expect.stringContaining('sub/model.bin')]))
  for (const hf_commit of ['main', old]) {
    const again = await world.engine.models.verify({ ...query, hf_commit }, { signal })
    expect(again).toMatchObject({ status: 'VERIFIED', missing: [] })
  }
  expect(await readdir(world.dir.join(REPO))).not.toContain('.windlass')
  expect(await cacheFaults(world.dir.join(REPO))).toEqual([])
  const job = await world.engine.downloads.find(report.repair?.task_id ?? '')
  expect(job).toMatchObject({ state: 'completed', progress: { filesTotal: 1 } })
})

it('never serves damaged bytes while good ones are not to be had, and goes on later', async () => {
  await using world = await openHubEngine()
  const { old } = await pullTwoRevisions(world)
  await flipByte(world, 'main', 'sub/model.bin')
  const fault = world.hub.fault({ match: { role: 'cdn' }, do: { status: 404 } })
  const failing = world.engine.models.verify({ ...query, repair: true }, { signal })
  await expect(failing).rejects.toMatchObject({ facts: { state: 'failed' } })
  for (const [ref, commit] of [
    ['main', await refOf(world, 'main')],
    ['old', old],
  ]) {
    const status = await world.engine.models.status({ ...query, hf_commit: ref }, { signal })
    expect(status).toMatchObject({ status: 'PARTIAL', files_missing: 1 })
    const path = world.dir.join(REPO, 'snapshots', commit ?? '', 'sub/model.bin')
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
  }
  expect(await cacheFaults(world.dir.join(REPO))).toEqual([])
  const found = await world.engine.models.verify(query, { signal })
  expect(found.damaged).toMatchObject([{ path: 'sub/model.bin', problem: 'unreadable' }])
  fault.remove()
  const report = await world.engine.models.verify({ ...query, repair: true }, { signal })
  expect(report.status).toBe('REPAIRED')
  const other = await world.engine.models.verify({ ...query, hf_commit: old }, { signal })
  expect(other).toMatchObject({ status: 'VERIFIED', missing: [] })
})

it.for(['1', ''])(
  'mends files cut short and changed bytes, links switched off: %s',
  async (off) => {
    await using world = await openHubEngine({ environment: { HF_HUB_DISABLE_SYMLINKS: off } })
    const { main } = await pullTwoRevisions(world)
    const at = (path: string) => world.dir.join(REPO, 'snapshots', main, path)
    const handle = await open(at('config.json'), 'r+')
    await handle.truncate(2)
    await handle.close()
    await flipByte(world, 'main', 'extra.bin')
    const report = await world.engine.models.verify({ ...query, repair: true }, { signal })
    expect(report.status).toBe('REPAIRED')
    expect(report.damaged.map(({ path, problem }) => [path, problem])).toEqual(
      expect.arrayContaining([
        ['config.json', 'size'],
        ['extra.bin', 'digest'],
      ]),
    )
    expect(await readFile(at('config.json'), 'utf8')).toBe('{"a": 22}')
    expect((await world.engine.models.verify(query, { signal })).status).toBe('VERIFIED')
  },
)

it('mends a link that leads nowhere', async () => {
  await using world = await openHubEngine()
  const { main } = await pullTwoRevisions(world)
  await rm(await realpath(world.dir.join(REPO, 'snapshots', main, 'extra.bin')))
  const report = await world.engine.models.verify({ ...query, repair: true }, { signal })
  expect(report.damaged).toMatchObject([{ path: 'extra.bin', problem: 'unreadable' }])
  expect((await world.engine.models.verify(query, { signal })).status).toBe('VERIFIED')
})

it('calls what was never fetched missing, and does not fetch it', async () => {
  await using world = await openHubEngine()
  const { main } = await pullTwoRevisions(world)
  await rm(world.dir.join(REPO, 'snapshots', main, 'extra.bin'))
  const report = await world.engine.models.verify({ ...query, repair: true }, { signal })
  expect(report).toMatchObject({ status: 'VERIFIED', missing: ['extra.bin'], repair: null })
})

it('stops when it is told to, and does not know what is not there', async () => {
  await using world = await openHubEngine()
  await pullTwoRevisions(world)
  const stop = new AbortController()
  const reason = new StopRequest('cancel')
  const verifying = world.engine.models.verify(query, {
    signal: stop.signal,
    onProgress: () => stop.abort(reason),
  })
  await expect(verifying).rejects.toBe(reason)
  await expect(
    world.engine.models.verify({ hf_repo: 'org/none' }, { signal }),
  ).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' })
})

it('does not bring back what is removed while it is checked', async () => {
  await using world = await openHubEngine()
  await pullTwoRevisions(world)
  const { models } = world.engine
  await flipByte(world, 'main', 'extra.bin')
  let removal: Promise<unknown> | null = null
  const repairing = models.verify(
    { ...query, repair: true },
    {
      signal,
      onProgress: () => {
        removal ??= models.remove(query)
      },
    },
  )
  await expect(repairing).rejects.toMatchObject({
    code: expect.stringMatching(/MODEL_NOT_FOUND|INVALID_STATE/),
  })
  await removal
  expect(await readdir(world.dir.join('hf/hub'))).not.toContain('models--org--name')
})

it('is stopped by the end of the engine', async () => {
  await using world = await openHubEngine()
  await pullTwoRevisions(world)
  let closing: Promise<void> | null = null
  const verifying = world.engine.models.verify(query, {
    signal,
    onProgress: () => {
      closing ??= world.engine.close()
    },
  })
  await expect(verifying).rejects.toMatchObject({ intent: 'shutdown' })
  await closing
})

async function refOf(world: HubEngine, ref: string): Promise<string> {
  return readFile(world.dir.join(REPO, 'refs', ref), 'utf8')
}

/** Changes one byte in the middle of a file, wherever its bytes are. */
async function flipByte(world: HubEngine, ref: string, path: string): Promise<void> {
  const commit = await refOf(world, ref)
  const handle = await open(world.dir.join(REPO, 'snapshots', commit, path), 'r+')
  try {
    const { size } = await handle.stat()
    const at = Math.floor(size / 2)
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at)
    await handle.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, at)
  } finally {
    await handle.close()
  }
}
