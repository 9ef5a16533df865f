import type { ModelReady, ModelTask } from '@windlass/contract'
import { WindlassError } from '../errors/windlass-error.ts'
import { DEFAULT_REVISION } from '../sources/huggingface/hub-ref.ts'
import type { CallOptions } from '../sources/source.ts'
import { isCommit } from '../stores/hub-cache/is-commit.ts'
import { askHub } from './hub-listing.ts'
import {
  HELD_STATES,
  isOfRepo,
  isWholeJob,
  jobsIn,
  MOVING_STATES,
  type ModelJob,
  revisionOf,
} from './model-jobs.ts'
import { type ModelId, repoName } from './model-name.ts'
import type { ModelShelf } from './model-shelf.ts'
import type { ModelsDeps } from './models-deps.ts'

/**
 * Starts the download of a whole revision unless it is there. Equal requests must come one after
 * the other, or each of them may think that it is the first.
 * @throws WindlassError ALREADY_DOWNLOADING, QUEUE_FULL
 */
export async function startModel(
  model: ModelId,
  shelf: ModelShelf,
  deps: ModelsDeps,
  options: CallOptions,
): Promise<ModelTask | ModelReady> {
  const revision = model.revision ?? DEFAULT_REVISION
  const [living] = await wholeJobs(model, revision, [...MOVING_STATES, ...HELD_STATES], deps)
  if (living !== undefined) throw alreadyThere(model, living)
  const ready = await readyModel({ ...model, revision }, shelf, deps, options)
  if (ready !== null) return ready
  const { download } = await deps.downloads.create(requestOf(model))
  if (download.state === 'completed' && download.result !== undefined) {
    return { task_id: download.id, status: 'DOWNLOADED', path: download.result.path }
  }
  return { task_id: download.id, status: 'DOWNLOADING' }
}

/** A revision that is whole is enough, unless its branch has moved on as far as the Hub says. */
async function readyModel(
  model: ModelId & { readonly revision: string },
  shelf: ModelShelf,
  deps: ModelsDeps,
  options: CallOptions,
): Promise<ModelReady | null> {
  const found = await shelf.wholeRevision(model)
  if (found === null) return null
  const { commit, path } = found
  const isSure = isCommit(model.revision) || deps.environment.offline
  const current = isSure ? commit : await currentCommit(model, deps, options)
  if (current !== null && current !== commit) return null
  const [job] = await wholeJobs(model, commit, ['completed'], deps)
  return { task_id: job?.record.id ?? null, status: 'DOWNLOADED', path }
}

/** null when the Hub does not say: then nothing speaks against what is there. */
async function currentCommit(
  model: ModelId & { readonly revision: string },
  deps: ModelsDeps,
  options: CallOptions,
): Promise<string | null> {
  try {
    return (await askHub(model, deps, options)).commit
  } catch (error) {
    options.signal.throwIfAborted()
    deps.log.debug({ err: error }, 'could not ask whether a revision has moved')
    return null
  }
}

async function wholeJobs(
  model: ModelId,
  revision: string,
  states: Parameters<typeof jobsIn>[1],
  { records }: ModelsDeps,
): Promise<readonly ModelJob[]> {
  return (await jobsIn(records, states)).filter(
    (job) =>
      isOfRepo(job, model) &&
      isWholeJob(job) &&
      (job.ref.revision === revision || revisionOf(job) === revision),
  )
}

/** As a person would type it, so that it is the same job. */
function requestOf(model: ModelId) {
  const isBare = model.repoType === 'model' && !model.repoId.includes('/')
  const ref = isBare ? `models/${model.repoId}` : repoName(model)
  return model.revision === null ? { ref } : { ref, revision: model.revision }
}

function alreadyThere(model: ModelId, { record }: ModelJob): WindlassError {
  return new WindlassError('ALREADY_DOWNLOADING', {
    detail: `${repoName(model)} is ${record.state} as ${record.id}`,
    facts: { task_id: record.id, state: record.state },
  })
}
