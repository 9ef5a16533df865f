import assert from 'node:assert/strict'
import { dirname, join } from 'node:path'
import {
  hubClientEnv,
  type OutsideTool,
  type RunResult,
  requireTool,
  runProgram,
  runPython,
  type SkippableContext,
  xetClientEnv,
} from '@windlass/testkit'
import type { World } from './world.ts'

/** The two generations of the real client that matter. */
export const PYTHON_CLIENTS = ['huggingface-hub-1', 'huggingface-hub-2'] as const

const SCAN = `
import json
from huggingface_hub import scan_cache_dir
info = scan_cache_dir()
print(json.dumps({
  "warnings": [str(warning) for warning in info.warnings],
  "incomplete": [str(file.file_path) for file in getattr(info, "incomplete_files", [])],
  "repos": sorted([repo.repo_type, repo.repo_id,
    sorted([sorted(revision.refs), revision.commit_hash, len(revision.files)]
      for revision in repo.revisions)] for repo in info.repos),
}))
`

const SNAPSHOTS = `
import json, sys
from huggingface_hub import snapshot_download
answers = []
for asked in json.loads(sys.argv[1]):
    try:
        answers.append({"path": snapshot_download(asked.pop("repo_id"), **asked)})
    except Exception as error:
        answers.append({"raised": [c.__name__ for c in type(error).__mro__], "text": str(error)})
print(json.dumps(answers))
`

/** What is asked of `snapshot_download`, by its own names. */
export interface SnapshotQuery {
  readonly repo_id: string
  readonly repo_type?: 'model' | 'dataset' | 'space'
  readonly revision?: string
  readonly local_files_only?: boolean
  readonly allow_patterns?: readonly string[]
  readonly max_workers?: number
}

/** The path that came back, or the class names of what was raised. */
export interface SnapshotAnswer {
  readonly path?: string
  readonly raised?: readonly string[]
  readonly text?: string
}

export interface CacheScan {
  readonly warnings: readonly string[]
  readonly incomplete: readonly string[]
  /** Type, id, and each revision's refs, commit and number of files. */
  readonly repos: readonly [
    type: string,
    id: string,
    revisions: readonly [refs: readonly string[], commit: string, files: number][],
  ][]
}

/** One version of the real client, in the world's cache and with its Hub. */
export interface PythonClient {
  run(script: string, ...args: readonly string[]): Promise<RunResult>
  scan(): Promise<CacheScan>
  /** Calls `snapshot_download` once for each query, one after the other, in one process. */
  snapshots(queries: readonly SnapshotQuery[]): Promise<SnapshotAnswer[]>
  /** The client's command line. */
  hf(...args: readonly string[]): Promise<RunResult>
}

/** Skips the test when the client is not set up here. */
export function pythonClient(
  context: SkippableContext,
  world: World,
  tool: OutsideTool,
  { xet = false }: { readonly xet?: boolean } = {},
): PythonClient {
  const python = requireTool(context, tool)
  const clientEnv = xet ? xetClientEnv : hubClientEnv
  const env = { ...clientEnv(world.hub.endpoint, world.hfHome), HOME: world.dir.path }
  const run: PythonClient['run'] = (script, ...args) =>
    runPython(python, script, { env, args, timeoutMs: 60_000 })
  const answer = async (script: string, ...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await run(script, ...args)
    assert.equal(exitCode, 0, stderr)
    return stdout
  }
  return {
    run,
    scan: async () => JSON.parse(await answer(SCAN)),
    snapshots: async (queries) => JSON.parse(await answer(SNAPSHOTS, JSON.stringify(queries))),
    hf: (...args) => runProgram(join(dirname(python), 'hf'), { env, args, timeoutMs: 60_000 }),
  }
}

/**
 * Both generations of the client, for a test that proves more than what they say. One that is not
 * set up here is left out with a line that says so, or fails the test when
 * `WINDLASS_TEST_REQUIRE=all` says that nothing may be left out.
 */
export function everyPythonClient(world: World): PythonClient[] {
  const refuse = (reason?: string): never => {
    throw new LeftOut(reason)
  }
  return PYTHON_CLIENTS.flatMap((tool) => {
    try {
      return [pythonClient({ skip: refuse }, world, tool)]
    } catch (error) {
      if (!(error instanceof LeftOut)) throw error
      process.stdout.write(`not checked with ${tool}: ${error.message}\n`)
      return []
    }
  })
}

class LeftOut extends Error {}
