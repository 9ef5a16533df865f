import {
  ActiveModels,
  ModelCancelled,
  ModelDeleted,
  type ModelDeletion,
  ModelEntry,
  ModelList,
  ModelPaused,
  ModelReady,
  type ModelRequest,
  ModelResumed,
  ModelSpace,
  ModelTask,
  Problem,
  PruneReport,
  type PruneRequest,
  VerifyProgress,
  VerifyReport,
  type VerifyRequest,
} from '@windlass/contract'
import { z } from 'zod'
import { ApiError, localError } from './api-error.ts'
import { createEventStreamParser, type StreamMessage } from './parse-event-stream.ts'
import type { FetchAnswer, Transport } from './transport.ts'

export interface ModelCallOptions {
  readonly signal?: AbortSignal
}

/** The models in the cache of a server. Every method throws as those of the client do. */
export interface ModelsClient {
  list(options?: ModelCallOptions): Promise<ModelList>
  status(model: ModelRequest, options?: ModelCallOptions): Promise<ModelEntry>
  /** `DOWNLOADED` when there is nothing to do; ALREADY_DOWNLOADING names the task in its facts. */
  download(model: ModelRequest, options?: ModelCallOptions): Promise<ModelTask | ModelReady>
  pause(taskId: string, options?: ModelCallOptions): Promise<void>
  resume(taskId: string, options?: ModelCallOptions): Promise<void>
  cancel(taskId: string, options?: ModelCallOptions): Promise<ModelCancelled>
  active(options?: ModelCallOptions): Promise<ActiveModels>
  /** Removes a revision, or without `hf_commit` the repository. */
  remove(request: ModelDeletion, options?: ModelCallOptions): Promise<ModelDeleted>
  space(options?: ModelCallOptions): Promise<ModelSpace>
  prune(request?: PruneRequest, options?: ModelCallOptions): Promise<PruneReport>
  /** Checks every byte, which takes its time; aborting the signal stops it. */
  verify(
    request: VerifyRequest,
    options?: ModelCallOptions & { readonly onProgress?: (progress: VerifyProgress) => void },
  ): Promise<VerifyReport>
}

type Call = Parameters<Transport['json']>[0]

export function modelsClient(transport: Transport): ModelsClient {
  const ask = async <T>(
    call: Pick<Call, 'method' | 'path' | 'body'>,
    schema: z.ZodType<T>,
    { signal }: ModelCallOptions = {},
  ): Promise<T> => (await transport.json({ ...call, signal }, schema)).value
  const get = <T>(path: string, schema: z.ZodType<T>, options?: ModelCallOptions): Promise<T> =>
    ask({ method: 'GET', path: `/api/models/${path}` }, schema, options)
  const post = <T>(
    path: string,
    body: unknown,
    schema: z.ZodType<T>,
    options?: ModelCallOptions,
  ): Promise<T> => ask({ method: 'POST', path: `/api/models/${path}`, body }, schema, options)
  const taskPath = (id: string, action: string) => `download/${encodeURIComponent(id)}/${action}`
  return {
    list: (options) => get('list', ModelList, options),
    status: (model, options) => post('status', model, ModelEntry, options),
    download: (model, options) =>
      post('download', model, z.union([ModelTask, ModelReady]), options),
    async pause(id, options) {
      await post(taskPath(id, 'pause'), undefined, ModelPaused, options)
    },
    async resume(id, options) {
      await post(taskPath(id, 'resume'), undefined, ModelResumed, options)
    },
    cancel: (id, options) => post(taskPath(id, 'cancel'), undefined, ModelCancelled, options),
    active: (options) => get('downloads/active', ActiveModels, options),
    remove: (body, options) =>
      ask({ method: 'DELETE', path: '/api/models', body }, ModelDeleted, options),
    space: (options) => get('space', ModelSpace, options),
    prune: (request = {}, options) => post('prune', request, PruneReport, options),
    verify: (request, options) => verify(transport, request, options),
  }
}

/** Over a stream of events, since an answer that takes minutes to begin is taken for lost on the way. */
async function verify(
  transport: Transport,
  body: VerifyRequest,
  { signal, onProgress }: NonNullable<Parameters<ModelsClient['verify']>[1]> = {},
): Promise<VerifyReport> {
  const answer = await transport.send({
    method: 'POST',
    path: '/api/models/verify',
    headers: { accept: 'text/event-stream' },
    body,
    signal,
  })
  for await (const { event, data } of messagesOf(answer, signal)) {
    const value: unknown = data === null ? null : JSON.parse(data)
    if (event === 'progress') onProgress?.(VerifyProgress.parse(value))
    if (event === 'problem') throw new ApiError(Problem.parse(value))
    if (event === 'report') return VerifyReport.parse(value)
  }
  throw localError('SERVER_UNREACHABLE', { detail: 'the check of a model ended without a word' })
}

async function* messagesOf(
  answer: FetchAnswer,
  signal: AbortSignal | undefined,
): AsyncGenerator<StreamMessage, void, undefined> {
  if (answer.body === null) return
  const parser = createEventStreamParser()
  const reader = answer.body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      if (value !== undefined) yield* parser.push(value)
    }
  } catch (cause) {
    signal?.throwIfAborted()
    throw localError('SERVER_UNREACHABLE', { detail: 'the check of a model was cut off', cause })
  } finally {
    // Whoever leaves early also stops the server's work; of a stream that is over there is nothing to cancel.
    await reader.cancel().catch(() => undefined)
  }
}
