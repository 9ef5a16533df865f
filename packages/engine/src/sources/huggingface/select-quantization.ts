import { WindlassError } from '../../errors/windlass-error.ts'

interface Named {
  readonly path: string
}

/**
 * Quantisations as GGUF file names spell them (llama.cpp's `ggml_ftype` names, and the
 * `UD-` of dynamic ones). A further word such as `-chat` is not part of it.
 */
const LABEL =
  /(?<![a-z0-9])(?:UD-)?(?:(?:I?Q|TQ)\d{1,2}(?:_(?:\d{1,2}|K|[SML]|XX?S|XX?L|NL))*|BF16|FP?16|FP?32|MXFP4(?:_MOE)?|NVFP4)(?![a-z0-9])/gi

/** Projectors for images come in one precision for all quantisations; this order is tried. */
const PROJECTOR_ORDER = ['F16', 'BF16', 'F32', 'Q8_0']

/**
 * The GGUF files of one quantisation, all shards of them, with the projector that image
 * models need beside them. Upper and lower case are the same, and `Q4_K` is not `Q4_K_M`.
 * @param name of the repository, for the error
 * @throws WindlassError NOTHING_SELECTED, naming the quantisations there are
 */
export function selectQuantization<T extends Named>(
  files: readonly T[],
  quantization: string,
  name: string,
): T[] {
  const wanted = quantization.toUpperCase()
  const models = files.filter((file) => isGguf(file) && !isProjector(file))
  const carrying = pickModels(models, wanted)
  if (carrying.length === 0) throw nothing(models, quantization, name)
  const projector = pickProjector(files.filter(isProjector), wanted)
  const chosen = new Set(projector === null ? carrying : [...carrying, projector])
  return files.filter((file) => chosen.has(file))
}

/** The last label in the file's own name; failing that, in the folders it lies in. */
function labelOf(file: Named): string | null {
  const parts = file.path.split('/').toReversed()
  for (const part of parts) {
    const label = part.match(LABEL)?.at(-1)
    if (label !== undefined) return label.toUpperCase()
  }
  return null
}

/** By its very name, else the dynamic one of that name, else by a name that `LABEL` does not know. */
function pickModels<T extends Named>(models: readonly T[], wanted: string): T[] {
  const tests = [
    (file: T) => labelOf(file) === wanted,
    (file: T) => labelOf(file) === `UD-${wanted}`,
    (file: T) => labelOf(file) === null && carries(file, wanted),
  ]
  for (const test of tests) {
    const found = models.filter(test)
    if (found.length > 0) return found
  }
  return []
}

function carries(file: Named, wanted: string): boolean {
  const path = file.path.toUpperCase()
  for (let at = path.indexOf(wanted); at !== -1; at = path.indexOf(wanted, at + 1)) {
    const after = path.slice(at + wanted.length)
    if (!/[A-Z0-9]$/.test(path.slice(0, at)) && !/^_?[A-Z0-9]/.test(after)) return true
  }
  return false
}

function pickProjector<T extends Named>(projectors: readonly T[], wanted: string): T | null {
  const order = [...PROJECTOR_ORDER, wanted]
  const rank = (file: T): number => {
    const index = order.indexOf(labelOf(file) ?? '')
    return index === -1 ? order.length : index
  }
  return projectors.toSorted((a, b) => rank(a) - rank(b))[0] ?? null
}

function isGguf(file: Named): boolean {
  return /\.gguf$/i.test(file.path)
}

function isProjector(file: Named): boolean {
  return isGguf(file) && /(?<![a-z0-9])mmproj(?![a-z0-9])[^/]*$/i.test(file.path)
}

function nothing(models: readonly Named[], wanted: string, name: string): WindlassError {
  const labels = new Set(models.map(labelOf).filter((label) => label !== null))
  const offer =
    labels.size > 0
      ? `it has ${[...labels]
          .toSorted((a, b) => (a < b ? -1 : 1))
          .slice(0, 40)
          .join(', ')}`
      : models.length > 0
        ? 'its .gguf files name none'
        : 'it has no .gguf file'
  return new WindlassError('NOTHING_SELECTED', {
    detail: `${name} has no quantisation ${wanted}; ${offer}`,
  })
}
