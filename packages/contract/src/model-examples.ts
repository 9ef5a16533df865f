const COMMIT = '41a01f3fe87f28c78e2fbf8b568835947dd65ed9'
const NAME = { hf_repo: 'org/name', hf_commit: COMMIT }
const TASK = 'k7m2x9qd4f'
const PROGRESS = {
  start_time: '2026-01-31T09:30:00.000Z',
  elapsed_seconds: 12.5,
  received_bytes: 1_250_000_000,
  total_bytes: 5_000_000_000,
  percent: 25,
  bytes_per_second: 100_000_000,
  eta_seconds: 37.5,
  files_done: 3,
  files_total: 12,
}
const ENTRY = {
  model: NAME,
  status: 'DOWNLOADED',
  progress: null,
  error_message: null,
  download_id: null,
  repo_type: 'model',
  refs: ['main'],
  path: `/home/me/.cache/huggingface/hub/models--org--name/snapshots/${COMMIT}`,
  size_bytes: 5_000_000_000,
  files: 12,
  total_bytes: 5_000_000_000,
  files_total: 12,
  files_missing: 0,
  checked_against: 'listing',
  staged_bytes: 0,
  last_modified: '2026-01-31T09:31:00.000Z',
}
const REPO = {
  hf_repo: 'org/name',
  repo_type: 'model',
  size_bytes: 5_000_000_000,
  files: 12,
  staged_bytes: 0,
  last_accessed: '2026-01-31T10:00:00.000Z',
  last_modified: '2026-01-31T09:31:00.000Z',
}
const DAMAGED = {
  path: 'model.safetensors',
  problem: 'digest',
  size_bytes: 4_990_000_000,
  algorithm: 'sha256',
  expected: 'aa'.repeat(32),
  actual: 'bb'.repeat(32),
}
/** One answer of each model route, for the API's documentation. */
export const MODEL_EXAMPLES = {
  entry: ENTRY,
  list: { models: [ENTRY], repos: [REPO], size_bytes: 5_000_000_000, warnings: [] },
  task: { task_id: TASK, status: 'DOWNLOADING' },
  ready: { task_id: null, status: 'DOWNLOADED', path: ENTRY.path },
  paused: { task_id: TASK, status: 'paused' },
  resumed: { task_id: TASK },
  progress: { task_id: TASK, state: 'downloading', progress: PROGRESS, error_message: null },
  cancelled: { task_id: TASK, status: 'cancelled', receipt: { files: 4, bytes: 1_250_000_000 } },
  deleted: {
    status: 'deleted',
    model: NAME,
    dry_run: false,
    receipt: { files: 12, bytes: 5_000_000_000 },
  },
  active: {
    downloads: [
      {
        download_id: TASK,
        model: NAME,
        state: 'downloading',
        progress: PROGRESS,
        error_message: null,
      },
    ],
  },
  space: {
    cache_size_bytes: 5_000_012_000,
    available_bytes: 120_000_000_000,
    cache_path: '/home/me/.cache/huggingface/hub',
  },
  verified: {
    model: NAME,
    status: 'REPAIRED',
    checked_against: 'hub',
    hub_error: null,
    files_checked: 12,
    bytes_checked: 5_000_000_000,
    damaged: [DAMAGED],
    missing: [],
    repair: { task_id: TASK, files: 1, bytes: 4_990_000_000 },
    elapsed_seconds: 61.2,
  },
  pruned: {
    dry_run: false,
    items: [{ kind: 'revision', hf_repo: 'org/name', name: COMMIT, bytes: 5_000_000_000 }],
    receipt: { files: 12, bytes: 5_000_000_000 },
  },
}
