import type { Bench } from '../bench.ts'
import { runMeasured } from '../measure/run-measured.ts'
import type { Contestant } from '../measure/run-rounds.ts'
import { type ToolName, toolPath } from '../tools.ts'
import { inFreshFolder } from './in-fresh-folder.ts'

export interface OutsideProgram {
  readonly tool: ToolName
  /** Of a run in `folder`. */
  readonly args: (folder: string) => readonly string[]
  readonly env?: (folder: string) => Readonly<Record<string, string>>
}

/** A program that is not ours, in a folder of its own. */
export function outsideProgram(bench: Bench, { tool, args, env }: OutsideProgram): Contestant {
  return () =>
    inFreshFolder(bench.folder, (folder) =>
      runMeasured({
        program: toolPath(bench.tools, tool),
        args: args(folder),
        env: { HOME: folder, ...env?.(folder) },
        cwd: folder,
        time: bench.tools.time ?? null,
        signal: bench.signal,
      }),
    )
}

/** `curl -o`, unverified. */
export function curl(bench: Bench, url: URL, extra: readonly string[] = []): Contestant {
  const args = ['--silent', '--show-error', '--fail', ...extra, '-o', 'file', url.href]
  return outsideProgram(bench, { tool: 'curl', args: () => args })
}

/** aria2 without the user's configuration. */
export function aria2(bench: Bench, extra: readonly string[]): Contestant {
  const args = ['--no-conf', '--quiet', ...extra]
  return outsideProgram(bench, { tool: 'aria2c', args: () => args })
}
