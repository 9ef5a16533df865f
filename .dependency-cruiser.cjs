/**
 * Which package may import which (ARCHITECTURE.md draws it). A package that is not in the list of
 * another is out of bounds for it; tests may use the testkit besides.
 */
const MAY_IMPORT = {
  contract: [],
  engine: ['contract'],
  server: ['contract', 'engine'],
  client: ['contract'],
  // `engine` to run without a server, `server` for `windlass serve`.
  cli: ['contract', 'client', 'engine', 'server'],
  web: ['contract', 'client'],
  testkit: ['contract', 'engine'],
}
const PACKAGES = Object.keys(MAY_IMPORT)
const TESTS = ['(\\.test(-suite)?|[.-]fixture)\\.tsx?$', '/src/testing/']

const layers = PACKAGES.map((name) => {
  const foreign = PACKAGES.filter((other) => other !== name && !MAY_IMPORT[name].includes(other))
  return {
    name: `${name}-stays-in-its-layer`,
    severity: 'error',
    from: { path: `^packages/${name}/src/`, pathNot: TESTS },
    to: { path: `^packages/(${foreign.join('|')})/` },
  }
})

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: { path: '/src/' }, to: { circular: true } },
    { name: 'must-resolve', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...layers,
    {
      name: 'testkit-is-for-tests',
      comment: 'what runs in production must not depend on fakes',
      severity: 'error',
      from: { path: '^packages/', pathNot: [...TESTS, '^packages/testkit/'] },
      to: { path: '^packages/testkit/' },
    },
    {
      name: 'test-support-is-for-tests',
      severity: 'error',
      from: { pathNot: TESTS },
      to: { path: ['/src/testing/', '[.-]fixture\\.tsx?$'] },
    },
    {
      name: 'packages-by-their-name',
      comment: 'another package is reached through its index, never by a path into it',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: {
        path: '^packages/([^/]+)/src/',
        pathNot: ['^packages/$1/', '^packages/[^/]+/src/index\\.ts$'],
      },
    },
    {
      name: 'client-runs-in-browsers',
      comment: 'a module of Node is not there; what is of Node alone is held off by its tsconfig',
      severity: 'error',
      from: { path: '^packages/(client|contract)/src/', pathNot: TESTS },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'engine-has-no-framework',
      comment: 'the engine is a library: no server, no command line, no terminal',
      severity: 'error',
      from: { path: '^packages/engine/src/', pathNot: TESTS },
      to: { path: 'node_modules/(fastify|@fastify|commander|pino)(/|$)' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules|/dist/' },
    exclude: { path: '/dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['windlass-source', 'import', 'types', 'node', 'default'],
    },
  },
}
