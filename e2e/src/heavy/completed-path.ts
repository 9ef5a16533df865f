import type { LoggedEvent } from '@windlass/contract'

/**
 * Where the snapshot of a download is, from what `pull --json` wrote so far; null until it said
 * that the download is complete.
 */
export function completedPath(stdout: string): string | null {
  for (const line of stdout.split('\n')) {
    if (!line.includes('"download.state-changed"') || !line.endsWith('}')) continue
    // The program writes events as the contract has them.
    const event = JSON.parse(line) as LoggedEvent
    if (event.type !== 'download.state-changed' || event.data.to !== 'completed') continue
    return event.data.download.result?.path ?? null
  }
  return null
}
