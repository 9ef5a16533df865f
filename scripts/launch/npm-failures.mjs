import { SetupFailure } from './setup-failure.mjs'

const AGAIN = 'Then run the same command again; it goes on where it stopped.'

const OFFLINE = {
  reason: 'npm cannot reach its registry',
  advice: [
    'Connect this machine to the network. Behind a proxy, or with a registry of your own, tell npm first:',
    '  npm config set proxy http://HOST:PORT',
    '  npm config set https-proxy http://HOST:PORT',
    '  npm config set registry https://HOST/',
    AGAIN,
  ],
}
const UNTRUSTED = {
  reason: 'npm does not trust the certificate of its registry',
  advice: [
    'If your network has a certificate authority of its own, tell npm: npm config set cafile FILE.pem',
    'Check the clock of this machine too.',
    AGAIN,
  ],
}
const REFUSED = {
  reason: 'the registry wants a login',
  advice: ['Sign in with `npm login`, or point npm to another registry.', AGAIN],
}
const ABSENT = {
  reason: 'the registry does not have a package that Windlass needs',
  advice: ['Point npm to a complete registry: npm config set registry https://HOST/', AGAIN],
}
const TAMPERED = {
  reason: 'a package is not the one that Windlass was made with (its checksum differs)',
  advice: ['Run `npm cache verify`; if it stays so, do not trust this registry.', AGAIN],
}
const MISFIT = {
  reason: 'package.json and package-lock.json do not fit together',
  advice: ['Take both from one commit; after a change to package.json run `npm run lock-file`.'],
}
const NO_SPACE = { reason: 'the disk is full', advice: ['Free about 1 GB.', AGAIN] }
const NO_RIGHT = {
  reason: 'this user may not write there',
  advice: ['Give this user the checkout and its npm cache.', AGAIN],
}

/** What npm's error codes mean to a person. @type {Readonly<Record<string, typeof OFFLINE>>} */
const MEANINGS = {
  ECONNREFUSED: OFFLINE,
  ECONNRESET: OFFLINE,
  ENOTFOUND: OFFLINE,
  EAI_AGAIN: OFFLINE,
  ETIMEDOUT: OFFLINE,
  ERR_SOCKET_TIMEOUT: OFFLINE,
  ENETUNREACH: OFFLINE,
  EHOSTUNREACH: OFFLINE,
  ENETDOWN: OFFLINE,
  EPIPE: OFFLINE,
  ENOTCACHED: OFFLINE,
  E502: OFFLINE,
  E503: OFFLINE,
  E504: OFFLINE,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  CERT_HAS_EXPIRED: UNTRUSTED,
  E401: REFUSED,
  E403: REFUSED,
  E404: ABSENT,
  ETARGET: ABSENT,
  EINTEGRITY: TAMPERED,
  EUSAGE: MISFIT,
  ENOSPC: NO_SPACE,
  EACCES: NO_RIGHT,
  EPERM: NO_RIGHT,
  EROFS: NO_RIGHT,
}

/**
 * The failure of an npm command, explained by the code in its JSON answer.
 * @param {string} task What was being done, as in "could not ...".
 * @param {{ stdout: string, stderr: string }} answer
 */
export function npmFailure(task, { stdout, stderr }) {
  const error = errorOf(stdout)
  const meaning = MEANINGS[error.code]
  if (meaning === undefined) {
    return new SetupFailure(`Could not ${task}.`, {
      output: [stderr, error.summary].filter(Boolean).join('\n'),
      advice: ['npm says why above.', AGAIN],
    })
  }
  return new SetupFailure(`Could not ${task}: ${meaning.reason} (${error.code}).`, meaning)
}

/** npm did not start at all. */
export function npmMissing() {
  return new SetupFailure('npm was not found on PATH.', {
    advice: ['Install npm (it comes with Node; on Debian: apt install npm).', AGAIN],
  })
}

/**
 * @param {string} stdout
 * @returns {{ code: string, summary: string }}
 */
function errorOf(stdout) {
  try {
    const { error } = JSON.parse(stdout)
    return { code: String(error?.code ?? ''), summary: String(error?.summary ?? '') }
  } catch {
    // A crash of npm itself prints no JSON; then its own words are all there is.
    return { code: '', summary: stdout }
  }
}
