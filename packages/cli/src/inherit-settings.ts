import type { Command } from 'commander'

/** Gives a command and all below it the ways of their parent: where they write, and that they throw. */
export function inheritSettings(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent)
  for (const child of command.commands) inheritSettings(child, command)
  return command
}
