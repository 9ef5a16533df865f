import type { HubFileSpec } from '@windlass/testkit'
import type { SeededRandom } from '../support/seeded-random.ts'

export interface SomeFilesOptions {
  /** Files that are fetched from the CDN: at least one, at most so many. */
  readonly most: number
  readonly leastBytes: number
  readonly mostBytes: number
}

/** What is in a repository of a proof: a few texts, two of them alike, and weights of any size. */
export function someFiles(
  ref: string,
  random: SeededRandom,
  { most, leastBytes, mostBytes }: SomeFilesOptions,
): readonly HubFileSpec[] {
  const weights = Array.from({ length: 1 + Math.floor(random.next() * most) }, (_, at) => ({
    path: `part ${at}/model-${at}.safetensors`,
    content: {
      seed: `${ref} ${at}`,
      sizeBytes: Math.floor(leastBytes + random.next() * (mostBytes - leastBytes)),
    },
  }))
  return [
    { path: 'config.json', content: `{"name": "${ref}"}` },
    { path: 'copy.json', content: `{"name": "${ref}"}` },
    { path: 'README.md', content: `# ${ref}\n` },
    ...weights,
  ]
}

/** Bytes that a download of the files takes from the CDN. */
export function cdnBytesOf(files: readonly HubFileSpec[]): number {
  return files.reduce((sum, { content }) => {
    return typeof content === 'object' && 'seed' in content ? sum + content.sizeBytes : sum
  }, 0)
}
