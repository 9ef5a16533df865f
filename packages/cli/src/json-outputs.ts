/** What one verb writes to stdout with `--json`. */
export interface JsonOutput {
  readonly command: string
  /** What each line is, in Markdown. */
  readonly lines: string
}

const EVENT = 'an [event](events.md)'
const SUMMARY = '[DownloadSummary](events.md#downloadsummary)'
const MODEL =
  '`{model: {hf_repo, hf_commit}, status, progress, error_message, download_id, repo_type, refs, path, size_bytes, files, total_bytes, files_total, files_missing, checked_against, staged_bytes, last_modified}`'
const PROBLEM = 'the problem document that the API answered'

/** Every verb that can write JSON. Keys are added freely, and never renamed or removed. */
export const JSON_OUTPUTS: readonly JsonOutput[] = [
  {
    command: 'pull',
    lines: `${EVENT}; the last line is \`{type: "result", exitCode, downloads: [{ref, id?, state?, path?, reason?, problem?}]}\``,
  },
  {
    command: 'pull --dry-run',
    lines: `the plan of one reference: \`{ref, source, title, revision, destination, files, totalBytes, missingBytes, freeBytes, reservedBytes, fits}\`; or \`{ref, problem}\` with ${PROBLEM}`,
  },
  { command: 'pull --detach', lines: `a ${SUMMARY} with its \`files\`; or \`{ref, problem}\`` },
  { command: 'ls', lines: `a ${SUMMARY}` },
  { command: 'show', lines: `a ${SUMMARY} with its \`files\`` },
  { command: 'watch', lines: EVENT },
  {
    command: 'pause, resume, retry, cancel',
    lines: `\`{id, download}\` with a ${SUMMARY}, after a cancel with its \`receipt\`; or \`{id, problem}\` with ${PROBLEM}`,
  },
  { command: 'rm', lines: '`{id}`, or `{id, problem}`' },
  { command: 'models ls', lines: MODEL },
  { command: 'models status', lines: MODEL },
  {
    command: 'models verify',
    lines:
      '`{model, status, checked_against, hub_error, files_checked, bytes_checked, damaged, missing, repair, elapsed_seconds}`',
  },
  { command: 'models rm', lines: '`{model, status, dry_run, receipt}`' },
  { command: 'models prune', lines: '`{dry_run, items: [{kind, hf_repo, name, bytes}], receipt}`' },
  { command: 'models space', lines: '`{cache_size_bytes, available_bytes, cache_path}`' },
  { command: 'token test', lines: '`{host, endpoint, from, name, tokenName, role}`' },
  { command: 'config', lines: '`{variable, value, hidden, from, problem?}`' },
  { command: 'doctor', lines: '`{name, level, text, todo?}`, level `ok`, `warn` or `bad`' },
]
