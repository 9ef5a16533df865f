import type { Argument, Command, Option } from 'commander'

/** One thing that may stand where the cursor is. */
export interface Candidate {
  readonly text: string
  /** Said beside it where the shell can. */
  readonly help: string
}

export interface CompletionDeps {
  /** Ids of the downloads that the verb can be used on; none when nobody answers. */
  readonly downloads: (verb: string) => Promise<readonly Candidate[]>
}

/**
 * What may stand in place of the last of `words`, the words of a command line behind the
 * program's name. The last one may be empty: a new word begins.
 */
export async function completeWords(
  program: Command,
  words: readonly string[],
  deps: CompletionDeps,
): Promise<readonly Candidate[]> {
  const typed = words.at(-1) ?? ''
  const { command, operands, pending } = walk(program, words.slice(0, -1))
  const candidates = await candidatesAt({ command, operands, pending, typed }, deps)
  return candidates.filter(({ text }) => text.startsWith(typed))
}

interface Place {
  readonly command: Command
  /** Words that are no flags, behind the verb. */
  readonly operands: readonly string[]
  /** The flag whose value comes next. */
  readonly pending: Option | null
}

/** Goes through the words before the cursor as the parser will. */
function walk(program: Command, words: readonly string[]): Place {
  let command = program
  let operands: string[] = []
  let pending: Option | null = null
  let onlyOperands = false
  for (const word of words) {
    if (pending !== null) {
      pending = null
    } else if (word === '--') {
      onlyOperands = true
    } else if (word.startsWith('-') && !onlyOperands) {
      const option = command.options.find((one) => one.long === word || one.short === word)
      pending = option?.required === true ? option : null
    } else {
      const child = command.commands.find((one) => one.name() === word)
      if (child !== undefined && operands.length === 0) command = child
      else operands = [...operands, word]
    }
  }
  return { command, operands, pending }
}

async function candidatesAt(
  { command, operands, pending, typed }: Place & { readonly typed: string },
  deps: CompletionDeps,
): Promise<readonly Candidate[]> {
  if (pending !== null) return plain(pending.argChoices)
  if (typed.startsWith('-')) return flagsOf(command)
  if (command.commands.length > 0) {
    return visibleCommands(command).map((one) => ({ text: one.name(), help: one.summary() }))
  }
  const argument = argumentAt(command, operands.length)
  if (argument === undefined) return []
  if (argument.argChoices !== undefined) return plain(argument.argChoices)
  if (argument.name() !== 'id') return []
  const live = await deps.downloads(command.name())
  return live.filter(({ text }) => !operands.includes(text))
}

function argumentAt(command: Command, index: number): Argument | undefined {
  const { registeredArguments } = command
  const last = registeredArguments.at(-1)
  return registeredArguments[index] ?? (last?.variadic === true ? last : undefined)
}

function flagsOf(command: Command): Candidate[] {
  const own = command.options.filter(({ hidden }) => !hidden)
  return [
    ...own.map(({ description, long, short }) => ({
      text: long ?? short ?? '',
      help: description,
    })),
    { text: '--help', help: 'display help for command' },
  ]
}

function visibleCommands(command: Command): readonly Command[] {
  return command.createHelp().visibleCommands(command)
}

function plain(choices: readonly string[] | undefined): Candidate[] {
  return (choices ?? []).map((text) => ({ text, help: '' }))
}
