import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { requireTool, tempDir } from '@windlass/testkit'
import { expect, it, vi } from 'vitest'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
/** With a prompt that is the same for every user and every `sh`. */
const SHELL = `env 'PS1=ready> ' sh`

it('asks for a token on a real terminal and shows nothing of it', {
  timeout: 60_000,
}, async (context) => {
  const tmux = requireTool(context, 'tmux')
  await using dir = await tempDir()
  const socket = dir.join('tmux.sock')
  const run = async (...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(tmux, ['-S', socket, '-f', '/dev/null', ...args])
    return stdout
  }
  // History and all: what was shown and scrolled away was shown.
  const screen = (): Promise<string> => run('capture-pane', '-p', '-S', '-')
  const sees = (pattern: RegExp): Promise<void> =>
    vi.waitFor(async () => expect(await screen()).toMatch(pattern), 20_000)
  const windlass = `env WINDLASS_HOME='${dir.join('home')}' '${process.execPath}' --conditions=windlass-source '${MAIN}'`
  await run('new-session', '-d', '-x', '60', '-y', '15', SHELL)
  try {
    await run('send-keys', `${windlass} token set huggingface; echo "ended $?"`, 'Enter')
    await sees(/nothing is shown/)
    await run('send-keys', '-l', 'hf_canarx')
    await run('send-keys', 'BSpace')
    await run('send-keys', '-l', 'y')
    await run('send-keys', 'Enter')
    await sees(/ended 0/)
    expect(await screen()).not.toContain('hf_')
    expect(await readFile(dir.join('home', 'tokens', 'huggingface'), 'utf8')).toBe('hf_canary\n')

    await run('new-window', SHELL)
    await run('send-keys', `${windlass} token set huggingface; echo "ended $?"`, 'Enter')
    await sees(/nothing is shown/)
    await run('send-keys', 'C-c')
    await sees(/^ready> *$/m)
    // The terminal shows what is typed again.
    await run('send-keys', 'stty -a | grep -o "[ -]echo "', 'Enter')
    await sees(/^ echo/m)
  } finally {
    await run('kill-server')
  }
})
