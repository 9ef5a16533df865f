import { resolve } from 'node:path'
import type { ActiveModels, ModelEntry, ModelList } from '@windlass/contract'
import { DEFAULT_REVISION } from '../sources/huggingface/hub-ref.ts'
import type { CallOptions } from '../sources/source.ts'
import { HubCacheLayout } from '../stores/hub-cache/layout.ts'
import type { HubTreeFile } from '../stores/placement.ts'
import {
  describeModel,
  describeRepo,
  physicalBytes,
  type RevisionFacts,
  warningsOf,
} from './describe-models.ts'
import { findRepo, findRevision } from './find-revision.ts'
import { askHub } from './hub-listing.ts'
import { judgeRevision } from './judge-revision.ts'
import {
  foremostJob,
  HELD_STATES,
  isOfRepo,
  jobsIn,
  MOVING_STATES,
  type ModelJob,
  modelProgress,
  revisionOf,
  unfinishedJobs,
} from './model-jobs.ts'
import { type ModelId, modelName } from './model-name.ts'
import type { ModelsDeps } from './models-deps.ts'
import { readTreeFile } from './read-tree-file.ts'
import { scanCache } from './scan-cache.ts'
import type { ScannedRepo, ScannedRevision } from './scan-repo.ts'

/** What is in the cache and on its way there. Changes nothing. */
export class ModelShelf {
  readonly #deps: ModelsDeps
  readonly #cacheDir: string

  constructor(deps: ModelsDeps) {
    this.#deps = deps
    this.#cacheDir = resolve(deps.environment.cacheDir)
  }

  async list(): Promise<ModelList> {
    const cache = await scanCache(this.#cacheDir)
    const jobs = await unfinishedJobs(this.#deps.records)
    const models: ModelEntry[] = []
    for (const repo of cache.repos) models.push(...(await this.#entriesOf(repo, jobs)))
    const elsewhere = jobs.filter((job) => !cache.repos.some((repo) => isOfRepo(job, repo)))
    for (const { repoType, repoId } of distinctRepos(elsewhere)) {
      const layout = new HubCacheLayout(this.#cacheDir, { repoType, repoId })
      const repo = { repoType, repoId, layout, revisions: [], staged: new Map() }
      models.push(...(await this.#entriesOf(repo, elsewhere)))
    }
    return {
      models,
      repos: cache.repos.map(describeRepo),
      size_bytes: physicalBytes(cache),
      warnings: [...warningsOf(cache)],
    }
  }

  async status(model: ModelId, options: CallOptions): Promise<ModelEntry> {
    const repo = await findRepo(model, this.#cacheDir)
    const revision = findRevision(repo, model.revision)
    const asked = model.revision ?? DEFAULT_REVISION
    const jobs = (await unfinishedJobs(this.#deps.records)).filter(
      (job) =>
        isOfRepo(job, model) &&
        (job.ref.revision === asked || revisionOf(job) === (revision?.commit ?? asked)),
    )
    const name = revision?.commit ?? jobs[0]?.record.revision ?? model.revision
    const tree = revision === null ? null : await this.#treeOf(repo, revision, options)
    return describeModel(await this.#facts(repo, { name, revision, tree, jobs }))
  }

  /** The folder of a revision that is whole by its own listing; null for any other. */
  async wholeRevision(
    model: ModelId,
  ): Promise<{ readonly commit: string; readonly path: string } | null> {
    const repo = await findRepo(model, this.#cacheDir)
    const revision = findRevision(repo, model.revision ?? DEFAULT_REVISION)
    if (revision === null) return null
    const tree = await readTreeFile(repo.layout, revision.commit)
    if (tree === null || !judgeRevision(revision, tree).isWhole) return null
    return { commit: revision.commit, path: repo.layout.snapshot(revision.commit) }
  }

  async active(): Promise<ActiveModels> {
    const jobs = await jobsIn(this.#deps.records, [...MOVING_STATES, ...HELD_STATES])
    const downloads = jobs.map(async (job) => {
      const download = await this.#deps.downloads.find(job.record.id)
      return {
        download_id: download.id,
        model: modelName(job.ref, revisionOf(job)),
        state: download.state,
        progress: modelProgress(download),
        error_message: download.reason?.message ?? null,
      }
    })
    return { downloads: await Promise.all(downloads) }
  }

  async #entriesOf(repo: ScannedRepo, jobs: readonly ModelJob[]): Promise<ModelEntry[]> {
    const own = jobs.filter((job) => isOfRepo(job, repo))
    const names = [...repo.revisions.map(({ commit }) => commit), ...own.map(revisionOf)]
    const entries: ModelEntry[] = []
    for (const name of new Set(names)) {
      const revision = repo.revisions.find(({ commit }) => commit === name) ?? null
      const stored = revision === null ? null : await readTreeFile(repo.layout, name)
      const tree = stored === null ? null : ({ files: stored, from: 'listing' } as const)
      const about = own.filter((job) => revisionOf(job) === name)
      entries.push(describeModel(await this.#facts(repo, { name, revision, tree, jobs: about })))
    }
    // A download that failed before its first byte has left nothing.
    return entries.filter(({ status }) => status !== 'NOT_FOUND')
  }

  async #facts(
    repo: ScannedRepo,
    about: Pick<RevisionFacts, 'name' | 'tree'> & {
      readonly revision: ScannedRevision | null
      readonly jobs: readonly ModelJob[]
    },
  ): Promise<RevisionFacts> {
    const { jobs, revision, ...rest } = about
    const job = foremostJob(jobs)
    return {
      ...rest,
      repo,
      revision: revision ?? { refs: [], files: null },
      job: job === null ? null : await this.#deps.downloads.find(job.record.id),
      stagedBytes: jobs.reduce((sum, { record }) => sum + (repo.staged.get(record.id) ?? 0), 0),
    }
  }

  async #treeOf(
    repo: ScannedRepo,
    { commit }: ScannedRevision,
    options: CallOptions,
  ): Promise<RevisionFacts['tree']> {
    const stored = await readTreeFile(repo.layout, commit)
    if (stored !== null) return { files: stored, from: 'listing' }
    const files = this.#deps.environment.offline ? null : await this.#askTree(repo, commit, options)
    return files === null ? null : { files, from: 'hub' }
  }

  /** null when the Hub has no answer: then the names and sizes are compared with nothing. */
  async #askTree(
    { repoType, repoId }: ScannedRepo,
    revision: string,
    options: CallOptions,
  ): Promise<readonly HubTreeFile[] | null> {
    try {
      return (await askHub({ repoType, repoId, revision }, this.#deps, options)).tree
    } catch (error) {
      options.signal.throwIfAborted()
      this.#deps.log.debug({ err: error, repoId }, 'the Hub gave no listing of a revision')
      return null
    }
  }
}

function distinctRepos(jobs: readonly ModelJob[]) {
  return [...new Map(jobs.map(({ ref }) => [`${ref.repoType} ${ref.repoId}`, ref])).values()]
}
