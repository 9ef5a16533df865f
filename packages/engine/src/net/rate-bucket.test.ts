import { expect, it } from 'vitest'
import { rateBucketOf } from './rate-bucket.ts'

const SHA = '0123456789abcdef0123456789abcdef01234567'

it.each([
  ['/api/models/org/name/revision/main', 'api'],
  ['/api/datasets/org/name/tree/main/resolve/', 'api'],
  ['/api/whoami-v2', 'api'],
  ['/api/anything', 'api'],
  ['/mirror/api/models/org/name', 'api'],
  [`/api/resolve-cache/models/org/name/${SHA}/config.json`, 'resolvers'],
  ['/mirror/api/resolve-cache/models/org/name/x', 'resolvers'],
  ['/org/name/resolve/main/config.json', 'resolvers'],
  ['/datasets/org/name/resolve/main/api/models/x', 'resolvers'],
  ['/org/api/resolve/main/x', 'resolvers'],
  ['/mirror/org/name/resolve/main/x', 'resolvers'],
  ['/org/name', 'pages'],
  ['/org/name/raw/main/README.md', 'pages'],
])('%s counts among the %s', (path, bucket) => {
  expect(rateBucketOf(new URL(path, 'https://huggingface.co'))).toBe(bucket)
})
