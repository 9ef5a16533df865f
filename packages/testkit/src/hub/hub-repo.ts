import { createHash } from 'node:crypto'
import { createHubFile, type HubFile, type HubFileSpec } from './hub-file.ts'
import { apiPath, type HubRepoName, type HubRepoType } from './hub-path.ts'

export interface HubCommit {
  readonly sha: string
  readonly files: ReadonlyMap<string, HubFile>
  readonly message: string
}

/** Who may do what; a token is looked up by its text. */
export interface HubRepoAccess {
  /** Only `tokens` see that it exists. */
  readonly private?: boolean
  /** Anyone sees it, only `tokens` get its files. */
  readonly gated?: false | 'auto' | 'manual'
  /** Taken down: nobody gets anything. */
  readonly disabled?: boolean
  /** The tokens that have access to a private or gated repository. */
  readonly tokens?: readonly string[]
}

/** A repository to put on the fake Hub. */
export interface HubRepoSpec extends HubRepoAccess {
  readonly type?: HubRepoType
  readonly id: string
  readonly files?: readonly HubFileSpec[]
  /** Where the first commit goes; `main` by default. */
  readonly branch?: string
  /** Tags of the first commit. */
  readonly tags?: readonly string[]
  /** The repository moved: every request is sent on to this name. */
  readonly renamedTo?: string
}

/** A commit to add to a repository. */
export interface HubCommitSpec {
  readonly type?: HubRepoType
  readonly id: string
  /** A branch, or a full name such as `refs/pr/1`. A new one starts from `main`. */
  readonly branch?: string
  /** Files to add or replace. */
  readonly files?: readonly HubFileSpec[]
  /** Paths to take away. */
  readonly remove?: readonly string[]
  /** Start from nothing instead of the branch's files. */
  readonly replaceAll?: boolean
  readonly message?: string
  readonly tags?: readonly string[]
}

export interface HubRepo extends HubRepoName {
  access: HubRepoAccess
  readonly renamedTo: string | undefined
  readonly commits: Map<string, HubCommit>
  /** Full names (`refs/heads/main`) to commits. */
  readonly refs: Map<string, string>
}

export function createHubRepo(spec: HubRepoSpec): HubRepo {
  return {
    type: spec.type ?? 'model',
    id: spec.id,
    access: spec,
    renamedTo: spec.renamedTo,
    commits: new Map(),
    refs: new Map(),
  }
}

/** Adds a commit, moves its branch there, and returns the commit's hash. */
export async function commitTo(repo: HubRepo, spec: Omit<HubCommitSpec, 'id'>): Promise<string> {
  const ref = fullRefName(spec.branch ?? 'main')
  const parent = repo.refs.get(ref) ?? repo.refs.get('refs/heads/main')
  const before = parent === undefined ? undefined : repo.commits.get(parent)
  const files = new Map(spec.replaceAll === true ? [] : before?.files)
  for (const path of spec.remove ?? []) {
    if (!files.delete(path)) throw new TypeError(`No file ${path} to take away in ${repo.id}`)
  }
  for (const file of spec.files ?? []) files.set(file.path, await createHubFile(file))
  const message = spec.message ?? `Commit ${repo.commits.size + 1}`
  const sha = commitHash(repo, parent, files, message)
  repo.commits.set(sha, { sha, files, message })
  repo.refs.set(ref, sha)
  for (const tag of spec.tags ?? []) repo.refs.set(`refs/tags/${tag}`, sha)
  return sha
}

/** Makes a branch, tag (`refs/tags/...`) or pull request point to a commit that exists. */
export function moveRef(repo: HubRepo, ref: string, commit: string): void {
  if (!repo.commits.has(commit)) throw new TypeError(`No commit ${commit} in ${repo.id}`)
  repo.refs.set(fullRefName(ref), commit)
}

/** The commit that a branch, tag, `refs/...` name or commit hash stands for. */
export function findCommit(repo: HubRepo, revision: string): HubCommit | undefined {
  const names = [revision, `refs/heads/${revision}`, `refs/tags/${revision}`]
  const sha = names.map((name) => repo.refs.get(name)).find((found) => found !== undefined)
  return repo.commits.get(sha ?? revision)
}

function fullRefName(name: string): string {
  return name.startsWith('refs/') ? name : `refs/heads/${name}`
}

function commitHash(
  repo: HubRepoName,
  parent: string | undefined,
  files: ReadonlyMap<string, HubFile>,
  message: string,
): string {
  const tree = [...files.values()].map((file) => [file.path, file.oid])
  const text = JSON.stringify([apiPath(repo), parent ?? null, message, tree])
  return createHash('sha1').update(text).digest('hex')
}
