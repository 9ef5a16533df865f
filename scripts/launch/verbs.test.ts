import { once } from 'node:events'
import { symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ended, FakeCheckout } from './fake-checkout.ts'

let checkout: FakeCheckout
beforeAll(async () => {
  checkout = await FakeCheckout.create()
  await checkout.launch(['cli'])
})
afterAll(() => checkout.remove())

it('runs the CLI from its sources, with the arguments as they are and in the folder of the caller', async () => {
  const run = await checkout.launch(['cli', 'pull', 'a b', '--json', '$HOME'], { cwd: tmpdir() })
  expect(run).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(run.stdout)).toMatchObject({
    verb: 'pull',
    rest: ['a b', '--json', '$HOME'],
    cwd: tmpdir(),
    conditions: ['--conditions=windlass-source'],
  })
})

it('passes arguments of npm start on to serve', async () => {
  const run = await ended(checkout.start('npm', ['start', '--silent', '--', '--port', '0']))
  expect(JSON.parse(run.stdout)).toMatchObject({ verb: 'serve', rest: ['--port', '0'] })
})

it('ends with the exit code of the program', async () => {
  expect((await checkout.launch(['cli', 'exit', '3'])).code).toBe(3)
})

it('explains itself when the verb is unknown', async () => {
  const { code, stderr } = await checkout.launch(['fly'])
  expect(code).toBe(2)
  expect(stderr).toContain('serve|cli|test')
})

it('is found through a symbolic link by ./windlass', async () => {
  const link = checkout.path('linked')
  await symlink(join('.', 'windlass'), link)
  const outer = `${checkout.root}-link`
  await symlink(link, outer)
  const run = await ended(checkout.start(outer, ['ls'], { cwd: tmpdir() }))
  expect(JSON.parse(run.stdout)).toMatchObject({ verb: 'ls', cwd: tmpdir() })
})

it.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
  'passes %s on once and waits for the last words of the program',
  async (signal) => {
    const child = checkout.start('node', ['scripts/launch.mjs', 'cli', 'wait'], { detached: true })
    const end = ended(child)
    await untilItSays(child, 'waiting')
    child.kill(signal)
    const { code, stdout } = await end
    expect(stdout).toContain(`${signal} x1`)
    expect(stdout).not.toContain('x2')
    expect(code).toBe(7)
  },
)

it('stops the program when the npm that started it is told to stop', async () => {
  const npm = checkout.start('npm', ['start', '--', 'wait'], { detached: true })
  const end = ended(npm)
  await untilItSays(npm, 'waiting')
  npm.kill('SIGTERM')
  // The program holds the same stdout, so the end of that is the end of the program too.
  expect((await end).stdout).toContain('SIGTERM x1')
})

// Two signals in close succession may arrive as one, so a second one shows only in some of the runs.
it('lets Ctrl-C of a terminal reach the program once', { repeats: 3 }, async ({ skip }) => {
  skip(process.platform !== 'linux', 'needs script(1) of util-linux to make a terminal')
  const command = `exec node '${checkout.path('scripts/launch.mjs')}' cli wait`
  const terminal = checkout.start(
    'script',
    ['--quiet', '--return', '--command', command, '/dev/null'],
    {
      detached: true,
    },
  )
  const end = ended(terminal)
  await untilItSays(terminal, 'waiting')
  terminal.stdin?.write('\u0003')
  const { code, stdout } = await end
  expect(stdout).toContain('SIGINT x1')
  expect(stdout).not.toContain('x2')
  expect(code).toBe(7)
})

async function untilItSays(child: ReturnType<FakeCheckout['start']>, word: string): Promise<void> {
  let heard = ''
  while (!heard.includes(word)) {
    if (child.stdout === null) throw new TypeError(`${basename(child.spawnfile)} has no stdout`)
    const [text] = await once(child.stdout, 'data')
    heard += String(text)
  }
}

it('becomes the CLI in place of a second process when started as ./windlass', async () => {
  const child = checkout.start('./windlass', ['pid'])
  const { stdout } = await ended(child)
  expect(JSON.parse(stdout).pid).toBe(child.pid)
})
