import type { FakeHub, HubFileSpec } from '@windlass/testkit'

const MB = 1_000_000

const TEXTS: Readonly<Record<string, string>> = {
  '.gitattributes': '*.safetensors filter=lfs\n',
  'README.md': '# A repository as they come\n',
  'config.json': '{"a": 1}\n',
  'copy of config.json': '{"a": 1}\n',
  'empty.txt': '',
  'also/empty.txt': '',
  'deep/er/and/deep/er/file.txt': 'deep\n',
  'odd/a b#c%d?e&f=g+h.txt': 'odd\n',
  'odd/100%25.txt': 'looks encoded\n',
  'odd/awful?filename%you:should,never.give': 'awful\n',
  'odd/ünïcödé 日本語 🙂.txt': 'unicode\n',
  "odd/it's (fine)! [really] {so}~.txt": 'quotes\n',
  'odd/ leading and trailing /x.txt': 'spaces\n',
  'odd/-dash.txt': 'dash\n',
}
const WEIGHTS = { seed: 'realistic 1', sizeBytes: 5 * MB + 1 }

/** Files of every kind: nested, oddly named, empty, of one content, several of them LFS. */
export const REALISTIC_FILES: readonly HubFileSpec[] = [
  ...Object.entries(TEXTS).map(([path, content]) => ({ path, content })),
  { path: 'model-00001-of-00002.safetensors', content: WEIGHTS, xet: true },
  {
    path: 'model-00002-of-00002.safetensors',
    content: { seed: 'realistic 2', sizeBytes: 3 * MB },
    xet: true,
  },
  { path: 'original/same bytes.pth', content: WEIGHTS, xet: true },
  { path: 'onnx/model.onnx', content: { seed: 'onnx', sizeBytes: 1 } },
  { path: 'empty.bin', content: '' },
]

export const DATA_FILES: readonly HubFileSpec[] = [
  { path: 'data/train-00000-of-00001.parquet', content: { seed: 'data', sizeBytes: MB } },
  { path: 'README.md', content: 'data\n' },
]

const APP_FILES: readonly HubFileSpec[] = [{ path: 'app.py', content: 'print("hello")\n' }]

/** The commits of {@link addRealisticRepos}, by what stands for them. */
export interface RealisticCommits {
  /** `main` and the tag `v1`. */
  readonly main: string
  /** The branch `dev/next`. */
  readonly branch: string
  /** `refs/pr/1`. */
  readonly pullRequest: string
  /** A commit that no ref points to. */
  readonly detached: string
  readonly dataset: string
  readonly space: string
}

/** Puts `org/real`, the dataset `org/data` and the space `org/app` on the Hub. */
export async function addRealisticRepos(hub: FakeHub): Promise<RealisticCommits> {
  const id = 'org/real'
  const detached = await hub.addRepo({ id, files: [{ path: 'README.md', content: 'first\n' }] })
  const main = await hub.commit({ id, replaceAll: true, files: REALISTIC_FILES, tags: ['v1'] })
  const next = { path: 'config.json', content: '{"a": 2}\n' }
  const branch = await hub.commit({ id, branch: 'dev/next', files: [next] })
  const added = [{ path: 'pr/new file.txt', content: 'pr\n' }]
  const pullRequest = await hub.commit({ id, branch: 'refs/pr/1', files: added })
  const dataset = await hub.addRepo({ type: 'dataset', id: 'org/data', files: DATA_FILES })
  const space = await hub.addRepo({ type: 'space', id: 'org/app', files: APP_FILES })
  return {
    main: main.commit,
    branch: branch.commit,
    pullRequest: pullRequest.commit,
    detached: detached.commit,
    dataset: dataset.commit,
    space: space.commit,
  }
}
