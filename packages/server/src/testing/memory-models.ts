import type { ModelEntry } from '@windlass/contract'
import { type Models, WindlassError } from '@windlass/engine'

/** One revision as the API shows it. */
export function sampleModel(change: Partial<ModelEntry> = {}): ModelEntry {
  return {
    model: { hf_repo: 'org/name', hf_commit: 'c'.repeat(40) },
    status: 'DOWNLOADED',
    progress: null,
    error_message: null,
    download_id: null,
    repo_type: 'model',
    refs: ['main'],
    path: '/cache/snapshot',
    size_bytes: 7,
    files: 2,
    total_bytes: 7,
    files_total: 2,
    files_missing: 0,
    checked_against: 'listing',
    staged_bytes: 0,
    last_modified: null,
    ...change,
  }
}

export type MemoryModels = { -readonly [K in keyof Models]: Models[K] }

/** Models that answer what a test puts in; a call that no test expects is refused. */
export function memoryModels(): MemoryModels {
  const refuse = async (): Promise<never> => {
    throw new WindlassError('MODEL_NOT_FOUND')
  }
  return {
    list: async () => ({ models: [sampleModel()], repos: [], size_bytes: 7, warnings: [] }),
    status: async () => sampleModel(),
    active: async () => ({ downloads: [] }),
    space: async () => ({ cache_size_bytes: 7, available_bytes: 100, cache_path: '/cache' }),
    download: refuse,
    requireTask: refuse,
    pause: refuse,
    resume: refuse,
    cancel: refuse,
    remove: refuse,
    prune: refuse,
    verify: refuse,
  }
}
