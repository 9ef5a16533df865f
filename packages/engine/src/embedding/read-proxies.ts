import type { EngineOptions } from '../engine.ts'
import { WindlassError } from '../errors/windlass-error.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Proxies as curl and Python read them: the lower-case name wins over the upper-case one.
 * @throws WindlassError SETTINGS_INVALID when one is no http(s) address; its text, which may hold a password, is not shown
 */
export function readProxies(env: Environment): EngineOptions['proxy'] {
  const httpProxy = proxyAddress(env, 'http_proxy')
  const httpsProxy = proxyAddress(env, 'https_proxy')
  const noProxy = eitherCase(env, 'no_proxy')?.value
  return {
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(httpsProxy === undefined ? {} : { httpsProxy }),
    ...(noProxy === undefined ? {} : { noProxy }),
  }
}

function eitherCase(env: Environment, name: string): { name: string; value: string } | undefined {
  for (const candidate of [name, name.toUpperCase()]) {
    const value = env[candidate]?.trim()
    if (value !== undefined && value !== '') return { name: candidate, value }
  }
  return undefined
}

function proxyAddress(env: Environment, name: string): string | undefined {
  const found = eitherCase(env, name)
  if (found === undefined) return undefined
  // `host:port` without a scheme is common, and means http.
  const address = found.value.includes('://') ? found.value : `http://${found.value}`
  if (URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)) return address
  throw new WindlassError('SETTINGS_INVALID', {
    detail: `${found.name} in the environment must be the address of an http proxy`,
    hint: `Write it as http://host:port, or unset ${found.name}.`,
  })
}
