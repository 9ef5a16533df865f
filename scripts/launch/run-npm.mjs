import { npmFailure, npmMissing } from './npm-failures.mjs'
import { runChild } from './run-child.mjs'
import { interrupted } from './setup-failure.mjs'

/**
 * Names that must not leak into a set-up: options of the npm that started us, and of the Node of
 * some other program. Where the registry is and how to reach it is the person's, and stays.
 */
const NOISE = new RegExp(
  `^(node_options|node_env|npm_(lifecycle|package|command).*|npm_config_(${[
    'cpu',
    'dry_run',
    'engine_strict',
    'global',
    'include',
    'include_workspace_root',
    'install_links',
    'install_strategy',
    'json',
    'legacy_peer_deps',
    'libc',
    'local_prefix',
    'location',
    'long',
    'loglevel',
    'omit',
    'only',
    'os',
    'package_lock',
    'package_lock_only',
    'prefix',
    'production',
    'script_shell',
    'silent',
    'workspace',
    'workspaces',
  ].join('|')}))$`,
  'i',
)

/**
 * Runs the installed npm in `cwd`, quietly, with the Node that `env` finds first.
 * @param {readonly string[]} args
 * @param {{ task: string, cwd: string, env: NodeJS.ProcessEnv }} options `task` finishes "could not ...".
 * @throws {SetupFailure} with npm's reason in plain words
 */
export async function runNpm(args, { task, cwd, env }) {
  const outcome = await runChild('npm', args, {
    cwd,
    env: npmEnvironment(env),
    capture: true,
    // npm finishes a request before it heeds a signal, and a dead network never answers.
    graceMs: 1_000,
    // On Windows npm is a .cmd file, which only a shell can start; our arguments need no quoting.
    shell: process.platform === 'win32',
  }).catch((error) => {
    if (error.code === 'ENOENT') throw npmMissing()
    throw error
  })
  if (outcome.interruptedBy !== null) throw interrupted(outcome.interruptedBy)
  if (outcome.exitCode !== 0) throw npmFailure(task, outcome)
}

/** @param {NodeJS.ProcessEnv} env */
function npmEnvironment(env) {
  const own = Object.entries(env).filter(([name]) => !NOISE.test(name))
  return {
    // npm's own pauses between attempts add up to more than a minute before it says that the network is missing.
    npm_config_fetch_retries: '3',
    npm_config_fetch_retry_mintimeout: '500',
    npm_config_fetch_retry_maxtimeout: '4000',
    ...Object.fromEntries(own),
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    npm_config_loglevel: 'error',
  }
}
