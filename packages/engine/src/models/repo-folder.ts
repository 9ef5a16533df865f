import type { HubRepoType } from '../sources/huggingface/hub-ref.ts'
import type { HubCacheLayout } from '../stores/hub-cache/layout.ts'

/** Where the cache has one repository. */
export interface RepoFolder {
  readonly repoType: HubRepoType
  readonly repoId: string
  readonly layout: HubCacheLayout
}
