import type { Command } from 'commander'

export interface ModelFlags {
  readonly revision?: string
  readonly json?: boolean
}

/** What every verb about one model takes. */
export function withModel(command: Command): Command {
  return command
    .argument('<ref>', 'repository, with or without @revision')
    .option('--revision <revision>', 'branch, tag or commit')
}

/** The model that was typed, for a request. */
export function modelOf(ref: string, { revision }: ModelFlags) {
  return { hf_repo: ref, ...(revision === undefined ? {} : { hf_commit: revision }) }
}
