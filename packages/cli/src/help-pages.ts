import { systemClock } from '@windlass/engine'
import type { Command } from 'commander'
import type { CommandContext } from './command-context.ts'
import { createProgram } from './create-program.ts'
import type { CliHost, Output } from './host.ts'

/** What `--help` of one command says. */
export interface HelpPage {
  /** `windlass token set` */
  readonly command: string
  readonly text: string
}

const COLUMNS = 80

/** The help of the program and of each command, on a terminal of 80 columns; hidden ones are left out. */
export async function helpPages(): Promise<readonly HelpPage[]> {
  let written = ''
  const output: Output = {
    isTerminal: false,
    write(text) {
      written += text
    },
    columns: () => COLUMNS,
    rows: () => 24,
  }
  const pageOf = (command: Command, above: string): HelpPage[] => {
    written = ''
    command.outputHelp()
    const name = `${above}${command.name()}`
    const page = { command: name, text: written.trim() }
    const below = command.createHelp().visibleCommands(command)
    const children = below.filter((one) => one.name() !== 'help')
    return [page, ...children.flatMap((one) => pageOf(one, `${name} `))]
  }
  return pageOf(await createProgram(contextFor(output), []), '')
}

/** Help asks for nothing but a place to write. */
function contextFor(output: Output): CommandContext {
  const unused = (): never => {
    throw new TypeError('help runs no command')
  }
  const host: CliHost = {
    env: {},
    platform: 'linux',
    homeDir: '/',
    versions: {},
    stdout: output,
    stderr: output,
    clock: systemClock,
    canAsk: false,
    ask: unused,
    askHidden: unused,
    readInput: unused,
    onSignal: unused,
    onExit: unused,
    onUncaught: unused,
    exit: unused,
  }
  return { host, settings: unused, connector: unused, program: unused, finish: unused }
}
