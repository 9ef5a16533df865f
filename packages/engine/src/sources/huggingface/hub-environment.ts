import { join, resolve } from 'node:path'
import { Secret } from '../../runtime/secret.ts'

/** What the `HF_*` variables say, read as `huggingface_hub` reads them. */
export interface HubEnvironment {
  /** Root of the Hub or a mirror, without a slash at the end. */
  readonly endpoint: string
  /** The standard cache, absolute. */
  readonly cacheDir: string
  /** The token that a variable holds; it wins over the file. */
  readonly token: Secret | null
  /** Where `hf auth login` keeps the token, absolute. */
  readonly tokenPath: string
  /** Where a person's token for Windlass alone is kept, absolute; null where there is no such place. */
  readonly ownTokenPath: string | null
  /** No token is sent unless a person gives one for the purpose. */
  readonly implicitTokenDisabled: boolean
  /** The Hub must not be asked anything. */
  readonly offline: boolean
  /** Files are put in place whole instead of being linked. */
  readonly symlinksDisabled: boolean
  /** To be added to the user agent as `origin/...`. */
  readonly userAgentOrigin: string | null
}

type Variables = Readonly<Record<string, string | undefined>>

const DEFAULT_ENDPOINT = 'https://huggingface.co'
const STAGING_ENDPOINT = 'https://hub-ci.huggingface.co'

/**
 * Reads the variables of the Python client with its names, order and defaults (its
 * `constants.py` and `utils/_auth.py`). One thing differs: a variable that is set to
 * nothing counts as absent, since there it would put the cache into the current folder.
 */
export function readHubEnvironment(env: Variables, homeDir: string): HubEnvironment {
  const variable = (name: string): string | undefined => env[name] || undefined
  const staging = isTrue(variable('HUGGINGFACE_CO_STAGING'))
  const expand = (path: string): string => resolve(expandVariables(expandHome(path, homeDir), env))
  const cacheHome = variable('XDG_CACHE_HOME') ?? join(homeDir, '.cache')
  const home = expand(variable('HF_HOME') ?? join(cacheHome, 'huggingface'))
  const stagingHome = join(homeDir, '.cache', 'huggingface_staging')
  const token = cleanToken(variable('HF_TOKEN') ?? variable('HUGGING_FACE_HUB_TOKEN'))
  return {
    endpoint: staging
      ? STAGING_ENDPOINT
      : (variable('HF_ENDPOINT') ?? DEFAULT_ENDPOINT).replace(/\/+$/, ''),
    cacheDir: staging
      ? join(stagingHome, 'hub')
      : expand(variable('HF_HUB_CACHE') ?? variable('HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub')),
    token: token === null ? null : new Secret(token),
    tokenPath: staging
      ? join(stagingHome, 'token')
      : expand(variable('HF_TOKEN_PATH') ?? join(home, 'token')),
    ownTokenPath: null,
    implicitTokenDisabled: isTrue(variable('HF_HUB_DISABLE_IMPLICIT_TOKEN')),
    offline: isTrue(variable('HF_HUB_OFFLINE') ?? variable('TRANSFORMERS_OFFLINE')),
    symlinksDisabled: isTrue(variable('HF_HUB_DISABLE_SYMLINKS')),
    userAgentOrigin: variable('HF_HUB_USER_AGENT_ORIGIN') ?? null,
  }
}

/** A token as it is sent: without line ends anywhere and spaces around; null when nothing is left. */
export function cleanToken(text: string | undefined): string | null {
  return text?.replace(/[\r\n]/g, '').trim() || null
}

function isTrue(value: string | undefined): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes(value?.toUpperCase() ?? '')
}

/** `~` at the start; `~somebody` is left as it is. */
function expandHome(path: string, homeDir: string): string {
  return path === '~' || path.startsWith('~/') ? homeDir + path.slice(1) : path
}

/** `$NAME` and `${NAME}`, as `os.path.expandvars`: an unknown name is left as it is. */
function expandVariables(path: string, env: Variables): string {
  return path.replace(
    /\$(?:(\w+)|\{([^}]*)\})/g,
    (whole, plain?: string, braced?: string) => env[plain ?? braced ?? ''] ?? whole,
  )
}
