import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startFakeHub, tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { runWindlass, startWindlass } from './testing/start-windlass.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))

it('completes in a real bash: verbs, flags, states, and ids of whoever serves the home', {
  timeout: 60_000,
}, async () => {
  await using dir = await tempDir()
  const hub = await startFakeHub()
  try {
    await hub.addRepo({ id: 'org/name', files: [{ path: 'a', content: 'a' }] })
    const world = { dir, endpoint: hub.endpoint }
    const { stdout: script } = await runWindlass(world, ['completion', 'bash'])
    await writeFile(dir.join('completion.bash'), script)
    const shim = `#!/bin/sh\nexec '${process.execPath}' --conditions=windlass-source '${MAIN}' "$@"\n`
    await writeFile(dir.join('windlass'), shim, { mode: 0o755 })
    const complete = async (...words: string[]): Promise<string[]> => {
      const line = [dir.join('windlass'), ...words]
      const program = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _windlass; printf '%s\\n' "\${COMPREPLY[@]}"`
      const { stdout } = await promisify(execFile)(
        'bash',
        ['--norc', '-c', program, 'bash', dir.join('completion.bash'), ...line],
        { env: { PATH: process.env['PATH'], HOME: dir.path, WINDLASS_HOME: dir.join('home') } },
      )
      return stdout.trim().split('\n')
    }
    expect(await complete('pu')).toEqual(['pull'])
    expect(await complete('ls', '--state', 'can')).toEqual(['cancelled'])
    // Nobody serves the home: no ids, and no process becomes its owner for a key press.
    expect(await complete('show', '')).toEqual([''])

    const server = startWindlass(world, ['serve'])
    await server.said(/Stop with Ctrl-C/)
    const { stdout } = await runWindlass(world, ['pull', '--detach', 'org/name'])
    expect(await complete('show', '')).toEqual([stdout.trim()])
    server.child.kill('SIGTERM')
    await server.ended
  } finally {
    await hub.close()
  }
})
