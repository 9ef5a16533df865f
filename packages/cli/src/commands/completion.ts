import { Argument, Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { SHELL_SCRIPTS, SHELLS, type Shell } from '../completion/shell-scripts.ts'

const MORE = `
Examples:
  source <(windlass completion bash)          in ~/.bashrc
  source <(windlass completion zsh)           in ~/.zshrc, after compinit
  windlass completion fish | source           in ~/.config/fish/config.fish

Verbs, flags, their values and the ids of downloads are completed.
`

/** Prints what makes a shell complete our words. */
export function completionCommand({ host }: CommandContext): Command {
  return new Command('completion')
    .summary('print a script that completes words in your shell')
    .description('Prints a script that makes your shell complete the words of `windlass`.')
    .addArgument(new Argument('<shell>', 'your shell').choices(SHELLS))
    .addHelpText('after', MORE)
    .action((shell: Shell) => host.stdout.write(SHELL_SCRIPTS[shell]))
}
