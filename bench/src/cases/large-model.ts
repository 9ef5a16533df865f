import type { RandomBytesSpec } from '@windlass/testkit'
import type { Bench } from '../bench.ts'

export interface LargeModel {
  readonly id: string
  readonly file: RandomBytesSpec
}

/** One large file of random bytes on the fake Hub. */
export async function largeModel(
  { origin, largeBytes }: Pick<Bench, 'origin' | 'largeBytes'>,
  options: { readonly sizeBytes?: number; readonly xet?: boolean } = {},
): Promise<LargeModel> {
  const { sizeBytes = largeBytes, xet = false } = options
  const file = { seed: 'large', sizeBytes }
  const id = `bench/large-${sizeBytes}${xet ? '-xet' : ''}`
  await origin.model(id, [{ path: 'model.safetensors', content: file, lfs: true, xet }])
  return { id, file }
}
