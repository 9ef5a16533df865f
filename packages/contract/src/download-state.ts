import { z } from 'zod'

/** The states of a download (ARCHITECTURE.md, "States"). What may follow what is the engine's state table. */
export const DOWNLOAD_STATES = [
  'queued',
  'resolving',
  'downloading',
  'verifying',
  'waiting',
  'blocked',
  'paused',
  'completed',
  'failed',
  'cancelled',
] as const
export const DownloadState = z.enum(DOWNLOAD_STATES).meta({ id: 'DownloadState' })
export type DownloadState = z.infer<typeof DownloadState>

const RESTING: ReadonlySet<DownloadState> = new Set([
  'completed',
  'failed',
  'cancelled',
  'paused',
  'blocked',
])

/** True when nothing more happens by itself, or a person must act first: no use to wait any longer. */
export function isOver({ state }: { readonly state: DownloadState }): boolean {
  return RESTING.has(state)
}

/** What a person can tell a download to do. */
export const DOWNLOAD_ACTIONS = ['pause', 'resume', 'cancel', 'retry', 'forget', 'move'] as const
export const DownloadAction = z.enum(DOWNLOAD_ACTIONS).meta({ id: 'DownloadAction' })
export type DownloadAction = z.infer<typeof DownloadAction>
