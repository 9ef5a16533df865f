import { resolve } from 'node:path'
import type { VerifyReport } from '@windlass/contract'
import { WindlassError } from '../errors/windlass-error.ts'
import { StopRequest } from '../runtime/stop-request.ts'
import { startFetch, untilFetched } from './fetch-files.ts'
import { findRepo, findRevision } from './find-revision.ts'
import { measureSpace } from './measure-cache.ts'
import { type ModelId, parseModel, repoName } from './model-name.ts'
import { ModelShelf } from './model-shelf.ts'
import { ModelTurns } from './model-turns.ts'
import type { ModelQuery, Models } from './models.ts'
import type { ModelsDeps } from './models-deps.ts'
import { finishRemovals, pruneModels } from './prune-models.ts'
import { removeModel } from './remove-model.ts'
import { startModel } from './start-model.ts'
import { type VerifyDeps, type VerifyOptions, verifyModel } from './verify-model.ts'

export interface OpenModels extends Models {
  /** Stops what is at work, and waits for what must not be cut off. */
  close(): Promise<void>
}

/** The models side of the engine. Begins with the removals that a crash cut off. */
export function openModels(deps: ModelsDeps): OpenModels {
  const { environment, downloads, log } = deps
  const cacheDir = resolve(environment.cacheDir)
  const shelf = new ModelShelf(deps)
  const turns = new ModelTurns()
  const closing = new AbortController()
  const parse = (query: ModelQuery) => parseModel(query, environment.endpoint)
  const onTask = async <T>(id: string, act: () => Promise<T>): Promise<T> => {
    await requireTask(id, deps)
    return await act()
  }
  turns
    .change(() => finishRemovals(cacheDir))
    .catch((error: unknown) =>
      log.warn({ err: error }, 'a removal could not be finished; it is tried at the next start'),
    )
  return {
    list: () => shelf.list(),
    status: async (query, options) => shelf.status(parse(query), options),
    active: () => shelf.active(),
    async download(query, options) {
      const model = parse(query)
      return await turns.start(model, () => startModel(model, shelf, deps, options))
    },
    requireTask: (id) => requireTask(id, deps),
    pause: (id) => onTask(id, async () => void (await downloads.pause(id))),
    resume: (id) => onTask(id, async () => void (await downloads.resume(id))),
    cancel: (id) =>
      onTask(id, async () => {
        const { receipt } = await downloads.cancel(id)
        return { task_id: id, status: 'cancelled', receipt }
      }),
    async remove({ dry_run: dryRun = false, ...query }) {
      const model = parse(query)
      return await turns.change(() => removeModel(model, deps, { dryRun }))
    },
    space: () => measureSpace(cacheDir),
    prune: ({ dry_run: dryRun = false }) =>
      turns.change(() => pruneModels(deps, { dryRun, isMended: (repo) => turns.isMended(repo) })),
    async verify({ repair = false, ...query }, { signal, onProgress = () => undefined }) {
      const model = parse(query)
      const options = { signal: AbortSignal.any([signal, closing.signal]), onProgress }
      const work = () => verifyFound({ model, repair, turns }, deps, options)
      return await (repair ? turns.repair(model, work) : turns.check(work))
    },
    async close() {
      closing.abort(new StopRequest('shutdown'))
      await turns.over()
    },
  }
}

async function requireTask(id: string, { records }: ModelsDeps): Promise<void> {
  const record = await records.find(id)
  if (record?.ref.source === 'huggingface') return
  throw new WindlassError('DOWNLOAD_NOT_FOUND', { detail: id })
}

async function verifyFound(
  {
    model,
    repair,
    turns,
  }: { readonly model: ModelId; readonly repair: boolean; readonly turns: ModelTurns },
  deps: ModelsDeps,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const repo = await findRepo(model, resolve(deps.environment.cacheDir))
  const revision = findRevision(repo, model.revision)
  if (revision === null) throw new WindlassError('MODEL_NOT_FOUND', { detail: repoName(model) })
  const verifyDeps: VerifyDeps = {
    ...deps,
    exclusively: (body) => turns.change(body),
    startFetch: (what, paths) => startFetch(what, paths, deps.downloads),
    untilFetched: (id, waitOptions) => untilFetched(id, deps, waitOptions),
  }
  return await verifyModel({ repo, revision, repair }, verifyDeps, options)
}
