import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { hubClientEnv, listTree, requireTool, runPython, tempDir } from '@windlass/testkit'
import { expect, it, vi } from 'vitest'
import { systemClock } from '../../runtime/clock.ts'
import { tryFlock } from './flock.ts'
import {
  bring,
  COMMIT,
  never,
  OTHER_COMMIT,
  openStore,
  pull,
  pullCase,
} from './testing/pull-case.ts'

vi.setConfig({ testTimeout: 30_000 })

const CASE = pullCase({
  'config.json': { content: '{}' },
  'sub/deep/model.bin': { content: 'weights', lfs: true },
  'copy.bin': { content: 'weights', lfs: true },
  'odd name #1 %41 \u00e4\u{1f600}.txt': { content: 'odd' },
  empty: { content: '' },
})
const REPO = 'models--org--name'
const CLIENTS = ['huggingface-hub-1', 'huggingface-hub-2'] as const

/** Answers one line of JSON for each command on its input; one process, since starting it is slow. */
const CLIENT = `
import json, os, sys, warnings
warnings.simplefilter("ignore")
from huggingface_hub import scan_cache_dir, snapshot_download, try_to_load_from_cache
from huggingface_hub.utils import WeakFileLock
cache = sys.argv[1]
held = None
for line in sys.stdin:
    command, *args = json.loads(line)
    try:
        if command == "scan":
            info = scan_cache_dir(cache)
            files = sorted(f.file_path.name for r in info.repos for v in r.revisions for f in v.files)
            refs = sorted(ref for r in info.repos for ref in r.refs)
            answer = {"warnings": [str(w) for w in info.warnings], "files": files, "refs": refs}
        elif command == "snapshot":
            answer = snapshot_download("org/name", cache_dir=cache, local_files_only=True, **args[0])
        elif command == "load":
            found = try_to_load_from_cache("org/name", args[0], cache_dir=cache)
            answer = found if isinstance(found, str) else repr(found)
        elif command == "lock":
            held = WeakFileLock(args[0])
            held.__enter__()
            answer = "locked"
        elif command == "unlock":
            held.__exit__(None, None, None)
            answer = "unlocked"
    except Exception as error:
        answer = "%s: %s" % (type(error).__name__, error)
    print(json.dumps(answer), flush=True)
`

class PythonClient implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #answers: AsyncIterator<string>

  constructor(python: string, cache: string) {
    const env = { PATH: process.env['PATH'], ...hubClientEnv('http://127.0.0.1:1', cache) }
    this.#child = spawn(python, ['-c', CLIENT, cache], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    if (this.#child.stdout === null) throw new TypeError('no output')
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  async ask(...command: readonly unknown[]): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`)
    const { value } = await this.#answers.next()
    return JSON.parse(String(value))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#child, 'close')
    this.#child.stdin?.end()
    await closed
  }
}

for (const client of CLIENTS) {
  it(`${client} has nothing to warn of at any step of a pull, and opens the result`, async (context) => {
    const python = requireTool(context, client)
    await using dir = await tempDir()
    const store = openStore(dir.path)
    await pull(store, pullCase({ a: { content: 'b' } }, { commit: OTHER_COMMIT }), 'd0')
    await using hub = new PythonClient(python, dir.path)
    const steps: string[] = []
    const folder = await pull(store, CASE, 'd1', async (step) => {
      steps.push(step)
      expect(await hub.ask('scan'), step).toMatchObject({ warnings: [] })
    })
    expect(steps).toEqual(['open', ...CASE.units.map(() => 'published'), 'finish'])
    expect(await hub.ask('snapshot', {})).toBe(folder)
    expect(await hub.ask('snapshot', { revision: COMMIT })).toBe(folder)
    expect(await hub.ask('load', 'sub/deep/model.bin')).toBe(`${folder}/sub/deep/model.bin`)
    const names = CASE.placement.tree.map(({ path }) => path.split('/').at(-1))
    expect(await hub.ask('scan')).toMatchObject({
      files: expect.arrayContaining(names),
      refs: ['main'],
    })
  })

  it(`${client} has nothing to warn of after a clean-up in the middle`, async (context) => {
    const python = requireTool(context, client)
    await using dir = await tempDir()
    const store = openStore(dir.path)
    await pull(store, pullCase({ a: { content: 'b' } }, { commit: OTHER_COMMIT }), 'd0')
    await using hub = new PythonClient(python, dir.path)
    const session = await store.open(CASE.placement, 'd1')
    for (const unit of CASE.units.slice(0, 3)) await bring(session, unit, CASE)
    await store.cleanUp(CASE.placement, 'd1')
    expect(await hub.ask('scan')).toEqual({ warnings: [], files: ['a'], refs: ['main'] })
  })

  it(`${client} opens what has no links in it`, async (context) => {
    const python = requireTool(context, client)
    await using dir = await tempDir()
    const folder = await pull(openStore(dir.path, { symlinks: false }), CASE)
    await using hub = new PythonClient(python, dir.path)
    expect(await hub.ask('scan')).toMatchObject({ warnings: [] })
    expect(await hub.ask('snapshot', {})).toBe(folder)
  })

  it(`${client} sees that a filtered snapshot is not whole`, async (context) => {
    const python = requireTool(context, client)
    await using dir = await tempDir()
    const folder = await pull(openStore(dir.path), { ...CASE, units: CASE.units.slice(0, 1) })
    await using hub = new PythonClient(python, dir.path)
    expect(await hub.ask('snapshot', { allow_patterns: '*.json' })).toBe(folder)
    expect(await hub.ask('snapshot', {})).toContain('IncompleteSnapshotError')
  })

  it(`D23: ${client} and we wait for each other’s locks`, async (context) => {
    requireTool(context, 'flock')
    const python = requireTool(context, client)
    await using dir = await tempDir()
    const big = pullCase({ 'big.bin': { content: Buffer.alloc(4 * 1024 * 1024, 1), lfs: true } })
    const [unit] = big.units
    if (unit === undefined) expect.unreachable()
    const session = await openStore(dir.path, { clock: systemClock }).open(big.placement, 'd1')
    const lock = dir.join('.locks', REPO, `${unit.key}.lock`)
    await mkdir(dirname(lock), { recursive: true })
    await using hub = new PythonClient(python, dir.path)

    expect(await hub.ask('lock', lock)).toBe('locked')
    const waits = Promise.withResolvers<void>()
    const claiming = session.claim(unit, { signal: never, onWait: () => waits.resolve() })
    await waits.promise
    expect(await hub.ask('unlock')).toBe('unlocked')
    const claim = await claiming
    if (claim.kind !== 'staged') expect.unreachable()

    let isPythonsTurn = false
    const locking = hub.ask('lock', lock).then((answer) => {
      isPythonsTurn = true
      return answer
    })
    await writeFile(claim.staged.partPath, big.contents.get(unit.key) ?? '')
    await session.publish(unit, claim.staged)
    expect(isPythonsTurn).toBe(false)
    claim.release()
    expect(await locking).toBe('locked')
    expect((await tryFlock(lock, 0o664)).kind).toBe('busy')
    expect((await stat(lock)).mode & 0o777).toBe(0o664)
    await hub.ask('unlock')
  })

  it(`links a payload that ${client} put into the shared store, by its rules`, async (context) => {
    const python = requireTool(context, client)
    await using dir = await tempDir()
    const xetHash = 'e1'.padEnd(64, '0')
    const shared = pullCase({ 'model.bin': { content: 'weights', lfs: true, xetHash } })
    const [unit] = shared.units
    if (unit === undefined) expect.unreachable()
    const args = [dir.path, unit.key, xetHash]
    expect(await runPython(python, PUBLISH_SHARED, { args })).toMatchObject({ stdout: 'True\n' })
    const payload = dir.join('blobs/e1', xetHash)
    const before = await stat(payload)
    const store = openStore(dir.path)
    await using hub = new PythonClient(python, dir.path)
    expect(await hub.ask('lock', `${payload}.lock`)).toBe('locked')
    await expect(pull(store, shared)).rejects.toMatchObject({ code: 'STORE_CHANGED' })
    expect(await hub.ask('unlock')).toBe('unlocked')
    await pull(store, shared)
    expect(await store.isComplete(shared.placement, shared.units)).toBe(true)
    const after = await stat(payload)
    expect([after.ino, after.mode & 0o777]).toEqual([before.ino, 0o444])
    expect(await hub.ask('scan')).toMatchObject({ warnings: [] })
    // The client's garbage collector counts our link, and collects once it has gone.
    await rm(dir.join('models--other--repo'), { recursive: true })
    const sweep = (): Promise<{ stdout: string }> =>
      runPython(python, SWEEP_SHARED, { args: [dir.path, xetHash] })
    expect(await sweep()).toMatchObject({ stdout: '0\n' })
    await rm(dir.join(REPO), { recursive: true })
    expect(await sweep()).toMatchObject({ stdout: '7\n' })
  })

  it(`leaves the payload of ${client} alone when a download that linked it is cancelled`, async (context) => {
    const python = requireTool(context, client)
    await using dir = await tempDir()
    const xetHash = 'e1'.padEnd(64, '0')
    const shared = pullCase({ 'model.bin': { content: 'weights', lfs: true, xetHash } })
    const [unit] = shared.units
    if (unit === undefined) expect.unreachable()
    const args = [dir.path, unit.key, xetHash]
    await runPython(python, PUBLISH_SHARED, { args })
    const store = openStore(dir.path)
    await bring(await store.open(shared.placement, 'd1'), unit, shared)
    expect(await store.cleanUp(shared.placement, 'd1')).toEqual({ files: 0, bytes: 0 })
    expect(await readdir(dir.path)).not.toContain(REPO)
    expect([...(await listTree(dir.join('blobs'))).keys()]).toContain(`e1/${xetHash}`)
  })
}

const PUBLISH_SHARED = `
import os, sys
from huggingface_hub.utils._shared_blobs import publish_blob_to_shared_store
cache, etag, xet = sys.argv[1:]
folder = os.path.join(cache, "models--other--repo", "blobs")
os.makedirs(folder)
os.makedirs(os.path.join(cache, "models--other--repo", "snapshots"))
blob = os.path.join(folder, etag)
open(blob, "w").write("weights")
os.chmod(cache, 0o755)
print(publish_blob_to_shared_store(blob_path=blob, xet_hash=xet, cache_dir=cache, expected_size=7))
`

const SWEEP_SHARED = `
import sys
from huggingface_hub.utils._shared_blobs import shared_blob_path, sweep_shared_blob
cache, xet = sys.argv[1:]
print(sweep_shared_blob(shared_blob_path(cache, xet), cache_dir=cache))
`
