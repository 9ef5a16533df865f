import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { type Candidate, completeWords } from '../completion/complete-words.ts'
import { COMPLETE_VERB } from '../completion/shell-scripts.ts'
import { listEverything } from '../list-everything.ts'
import { nameOf } from '../render/event-line.ts'

/** Verbs whose ids are those of the downloads for which an action is legal. */
const ACTIONS: Readonly<Record<string, string>> = { rm: 'forget' }
/** Verbs that take any download. */
const READING = new Set(['show', 'watch'])

/** Answers the shell: one candidate per line, its help behind a tab. Never fails aloud. */
export function completeCommand(context: CommandContext): Command {
  return new Command(COMPLETE_VERB).argument('[word...]').action(async (words: string[]) => {
    const deps = { downloads: (verb: string) => downloads(context, verb) }
    const candidates = await completeWords(await context.program(), words, deps)
    const lines = candidates.map(({ help, text }) => `${text}\t${help.replaceAll(/\s+/g, ' ')}\n`)
    context.host.stdout.write(lines.join(''))
  })
}

/** From whoever serves the home at this moment: a key press must not make this process its owner. */
async function downloads(context: CommandContext, verb: string): Promise<Candidate[]> {
  const connection = await context.connector(context.settings()).toOwner()
  if (connection === null) return []
  try {
    const action = ACTIONS[verb] ?? verb
    const every = await listEverything(connection.client)
    return every
      .filter(({ actions }) => READING.has(verb) || actions.some((legal) => legal === action))
      .map((download) => ({ text: download.id, help: `${nameOf(download)} ${download.state}` }))
  } finally {
    await connection.close()
  }
}
