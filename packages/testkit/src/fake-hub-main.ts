import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { startFakeHub } from './hub/fake-hub.ts'
import type { FakeHubOptions } from './hub/fake-hub-options.ts'
import type { HubRepoSpec } from './hub/hub-repo.ts'

/** What a seed file holds: the options of the fake Hub and the repositories to put on it. */
interface SeedFile extends FakeHubOptions {
  readonly repos: readonly HubRepoSpec[]
}

const MIB = 1024 * 1024

const DEMO: SeedFile = {
  users: { hf_demo: 'demo' },
  repos: [
    {
      id: 'demo/tiny',
      tags: ['v1'],
      files: [
        { path: 'README.md', content: '# tiny\n\nA model that knows nothing.\n' },
        { path: 'config.json', content: '{"model_type": "tiny"}\n' },
        { path: 'model.safetensors', content: { seed: 'tiny', sizeBytes: 8 * MIB } },
      ],
    },
    {
      id: 'demo/large',
      files: [1, 2, 3, 4].map((part) => ({
        path: `model-0000${part}-of-00004.safetensors`,
        content: { seed: `large ${part}`, sizeBytes: 256 * MIB },
        xet: true,
      })),
    },
    {
      id: 'demo/quants-GGUF',
      files: ['Q4_K_M', 'Q8_0'].map((quant, at) => ({
        path: `quants-${quant}.gguf`,
        content: { seed: quant, sizeBytes: (at + 1) * 32 * MIB },
      })),
    },
    { id: 'demo/odd', files: ['a b', 'c#d', 'e%f', 'g?h', 'ü/日本'].map(oddFile) },
    { type: 'dataset', id: 'demo/data', files: [{ path: 'train.csv', content: 'a,b\n1,2\n' }] },
    { type: 'space', id: 'demo/app', files: [{ path: 'app.py', content: 'print("hello")\n' }] },
    { id: 'demo/gated', gated: 'auto', files: [{ path: 'config.json', content: '{}' }] },
    { id: 'demo/private', private: true, tokens: ['hf_demo'] },
    { id: 'demo/old-name', renamedTo: 'demo/tiny' },
  ],
}

function oddFile(path: string): { path: string; content: string } {
  return { path, content: `This is ${path}` }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      seed: { type: 'string' },
      'page-size': { type: 'string' },
      rate: { type: 'string' },
      lifetime: { type: 'string' },
    },
  })
  // A seed file is written by hand for tries; a wrong one fails where it is used.
  const seed: SeedFile =
    values.seed === undefined ? DEMO : JSON.parse(await readFile(values.seed, 'utf8'))
  const hub = await startFakeHub({
    ...seed,
    port: Number(values.port),
    ...(values['page-size'] === undefined ? {} : { pageSize: Number(values['page-size']) }),
    ...(values.rate === undefined ? {} : { cdnBytesPerSecond: Number(values.rate) }),
    ...(values.lifetime === undefined ? {} : { urlLifetimeSeconds: Number(values.lifetime) }),
  })
  const lines = [
    `HF_ENDPOINT=${hub.endpoint}`,
    // The CDN is on this machine, which Windlass does not reach unless it is told to.
    `WINDLASS_ALLOW_HOSTS=${new URL(hub.cdnEndpoint).hostname}:*`,
    `CDN ${hub.cdnEndpoint}  CAS ${hub.casEndpoint}`,
  ]
  for (const repo of seed.repos) {
    const { commit } = await hub.addRepo(repo)
    lines.push(`${repo.type ?? 'model'} ${repo.id} ${commit}`)
  }
  process.stdout.write(`${lines.join('\n')}\n`)
  process.once('SIGINT', () => void hub.close())
  process.once('SIGTERM', () => void hub.close())
}

await main()
