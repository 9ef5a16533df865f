import { describe, expect, it } from 'vitest'
import type { CommandContext } from '../command-context.ts'
import { createProgram } from '../create-program.ts'
import { fakeHost } from '../testing/fake-host.ts'
import { completeWords } from './complete-words.ts'

const unused = (): never => {
  throw new Error('completing words runs no command')
}
const context: CommandContext = {
  host: fakeHost(),
  settings: unused,
  connector: unused,
  program: unused,
  finish: unused,
}

/** The candidates for a line; the cursor is at its end. */
async function complete(line: string): Promise<string[]> {
  const deps = {
    downloads: async (verb: string) => [
      { text: 'aa11', help: `${verb} this` },
      { text: 'bb22', help: `${verb} that` },
    ],
  }
  const found = await completeWords(await createProgram(context, []), line.split(' '), deps)
  return found.map(({ text }) => text)
}

describe('completing a word', () => {
  it('knows every verb that people use, and none that is ours alone', async () => {
    const verbs = await complete('')
    expect(verbs).toEqual(
      expect.arrayContaining(['pull', 'serve', 'ls', 'watch', 'token', 'config']),
    )
    expect(verbs.filter((verb) => verb.startsWith('_'))).toEqual([])
    expect(await complete('pa')).toEqual(['pause'])
    expect(await complete('nothing-like-it')).toEqual([])
  })

  it.each([
    ['pull --inc', ['--include']],
    ['pull org/name --dr', ['--dry-run']],
    ['pull --include x --ex', ['--exclude']],
    ['ls --state pa', ['paused']],
    ['ls --state paused --j', ['--json']],
    ['token ', ['set', 'test', 'rm', 'help']],
    ['token set h', ['huggingface']],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['pause ', ['aa11', 'bb22']],
    ['pause b', ['bb22']],
    ['cancel aa11 ', ['bb22']],
    ['show ', ['aa11', 'bb22']],
    ['show aa11 ', []],
    ['pull ', []],
    ['pull --revision ', []],
    ['pull -- --x', []],
  ])('`windlass %s` may go on with %j', async (line, expected) => {
    expect(await complete(line)).toEqual(expected)
  })
})
