import { isWindlassError } from '../../errors/windlass-error.ts'
import { requireContainedPath } from '../../selection/safe-path.ts'
import {
  DEFAULT_REVISION,
  type HubRef,
  type HubRepoType,
  isHubRepoId,
  isRevision,
} from './hub-ref.ts'
import {
  decodeRevision,
  type HubRefParts,
  readId,
  refInvalid,
  shown,
  splitType,
} from './hub-ref-parts.ts'
import { parseHubUrl } from './parse-hub-url.ts'

export interface ParseHubRefOptions {
  /** The configured Hub or mirror: its pages are recognised beside those of the public Hub. */
  readonly endpoint: string
  /** Asked for beside the text. */
  readonly revision?: string | undefined
}

/**
 * Reads every form of a ref to the Hub:
 * `org/name`, `org/name@rev`, `org/name:QUANT`, all with `datasets/` or `spaces/` before;
 * `hf://[models/|datasets/|spaces/]name|org/name[@rev][/path][:QUANT]`; and the address of a
 * repository, folder or file on the Hub. A path that ends in `/` is a folder.
 * @returns null when the text is none of these
 * @throws WindlassError REF_INVALID when it is, but makes no sense
 */
export function parseHubRef(text: string, options: ParseHubRefOptions): HubRef | null {
  const parts = readParts(text, options.endpoint)
  if (parts === null) return null
  const { repoType, repoId, quantization } = parts
  if (!isHubRepoId(repoId)) throw refInvalid(text, `${shown(repoId)} is no name of a repository`)
  const revision = mergeRevisions(text, parts.revision, options.revision)
  const path = parts.path === '' ? null : parts.path
  if (path !== null) checkPath(text, path)
  if (quantization === null) return { repoType, repoId, revision, path, quantization: null }
  if (path !== null) throw refInvalid(text, 'a quantisation cannot follow a path')
  if (!/^[a-z0-9][\w.-]{0,63}$/i.test(quantization)) {
    throw refInvalid(text, `${shown(quantization)} is no quantisation`)
  }
  return { repoType, repoId, revision, path, quantization: quantization.toUpperCase() }
}

function readParts(text: string, endpoint: string): HubRefParts | null {
  const uri = /^hf:\/\/(.*)$/is.exec(text)
  if (uri !== null) return readUri(text, uri[1] ?? '')
  return parseHubUrl(text, endpoint) ?? readPlain(text)
}

/** `org/name`, `datasets/org/name`, with `@rev` and `:QUANT` in either order. */
function readPlain(text: string): HubRefParts | null {
  const { type, rest } = splitType(text)
  const id = readId(rest)
  const pattern = type === null ? /^[\w.-]+\/[\w.-]+$/ : /^(?:[\w.-]+\/)?[\w.-]+$/
  if (id === null || !pattern.test(id.repoId) || /^\.{0,2}\//.test(text)) return null
  return {
    ...id,
    repoType: type ?? 'model',
    path: null,
    revision: decodeRevision(text, id.revision),
  }
}

/** The body of an `hf://` text, as `parse_hf_uri` of the Python client reads it. */
function readUri(text: string, body: string): HubRefParts {
  const { type, rest } = splitType(body)
  const first = rest.split('/', 1)[0] ?? ''
  if (type === null && /^(?:(?:model|dataset|space)s?|kernels?|buckets?)$/.test(first)) {
    throw refInvalid(text, 'what follows hf:// is models/, datasets/, spaces/ or org/name')
  }
  const repoType = type ?? 'model'
  const at = rest.indexOf('@')
  // Further on, an `@` belongs to the name of a file.
  if (at !== -1 && (rest.slice(0, at).match(/\//g) ?? []).length <= 1) {
    return readRevisedUri(text, repoType, rest.slice(0, at), rest.slice(at + 1))
  }
  const [namespace = '', name, ...path] = rest.split('/')
  const id = readId(name === undefined || name === '' ? namespace : `${namespace}/${name}`)
  if (id === null || (name === '' && path.length > 0)) throw refInvalid(text, 'it is not org/name')
  return { ...id, repoType, path: path.join('/') }
}

/** `id[:QUANT]` before the `@`, and `revision[:QUANT][/path]` after it. */
function readRevisedUri(
  text: string,
  repoType: HubRepoType,
  idText: string,
  rest: string,
): HubRefParts {
  const id = readId(idText)
  const tail = /^(refs\/(?:convert\/[\w.-]+|pr\/\d+)|[^/:]*)(?::([^/]*))?(?:\/(.*))?$/s.exec(rest)
  if (id === null || tail === null) throw refInvalid(text, 'it is not org/name@revision')
  const [, revision = '', quantization, path = ''] = tail
  if (id.quantization !== null && quantization !== undefined) {
    throw refInvalid(text, 'it has two quantisations')
  }
  return {
    repoType,
    repoId: id.repoId,
    revision: decodeRevision(text, revision),
    path,
    quantization: quantization ?? id.quantization,
  }
}

function mergeRevisions(text: string, inText: string | null, beside: string | undefined): string {
  if (inText !== null && beside !== undefined && inText !== beside) {
    throw refInvalid(text, `it names revision ${shown(inText)}, and ${shown(beside)} is asked for`)
  }
  const revision = inText ?? beside ?? DEFAULT_REVISION
  if (!isRevision(revision)) throw refInvalid(text, `${shown(revision)} is no revision`)
  return /^[0-9a-f]{40}$/i.test(revision) ? revision.toLowerCase() : revision
}

function checkPath(text: string, path: string): void {
  try {
    requireContainedPath(path.endsWith('/') ? path.slice(0, -1) : path)
  } catch (error) {
    if (!isWindlassError(error, 'NAME_INVALID')) throw error
    throw refInvalid(text, `${shown(path)} is no path in a repository`)
  }
}
