import { classify, findHubToken } from '@windlass/engine'
import type { Settings } from '@windlass/server'
import { EnvHttpProxyAgent, request } from 'undici'
import { bad, type Finding, ok, warn } from './finding.ts'

const TIMEOUT_MS = 5000
/** As downloads do it, or the Hub would be well here and refused there. */
const SAFE_TLS = { rejectUnauthorized: true }

/** The Hub: does it answer, through which proxy, and which token will it see. Never shows the token. */
export async function checkHub(settings: Pick<Settings, 'hub' | 'proxy'>): Promise<Finding[]> {
  return [await checkToken(settings.hub), checkProxy(settings.proxy), await checkAnswer(settings)]
}

async function checkToken(hub: Settings['hub']): Promise<Finding> {
  const name = 'Hub token'
  if (hub.implicitTokenDisabled) return ok(name, 'not sent, as HF_HUB_DISABLE_IMPLICIT_TOKEN says')
  const found = await findHubToken(hub)
  if (found !== null) return ok(name, `from ${found.path ?? 'the environment'}`)
  return warn(
    name,
    'none: public repositories only, with lower rate limits',
    'Set one: windlass token set huggingface',
  )
}

function checkProxy({ httpProxy, httpsProxy, noProxy }: Settings['proxy']): Finding {
  const proxies = [httpsProxy, httpProxy].filter((proxy) => proxy !== undefined)
  if (proxies.length === 0) return ok('Proxy', 'none')
  // A proxy's address may hold a password.
  const hosts = [...new Set(proxies.map((proxy) => new URL(proxy).host))].join(', ')
  return ok('Proxy', hosts + (noProxy === undefined ? '' : `, not for ${noProxy}`))
}

async function checkAnswer({ hub, proxy }: Pick<Settings, 'hub' | 'proxy'>): Promise<Finding> {
  const name = 'Hub'
  if (hub.offline) {
    return warn(name, 'switched off by HF_HUB_OFFLINE', 'Unset HF_HUB_OFFLINE to download.')
  }
  const dispatcher = new EnvHttpProxyAgent({
    ...proxy,
    connect: SAFE_TLS,
    proxyTls: SAFE_TLS,
    requestTls: SAFE_TLS,
  })
  try {
    const { body, statusCode } = await request(`${hub.endpoint}/api/models?limit=1`, {
      method: 'HEAD',
      dispatcher,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    await body.dump()
    const text = `${hub.endpoint} answers`
    if (statusCode < 500) return ok(name, text)
    return bad(name, `${text} with status ${statusCode}`, 'The Hub has a problem: try again later.')
  } catch (error) {
    const known = error instanceof DOMException ? null : classify(error)
    const why = known === null ? `no answer in ${TIMEOUT_MS / 1000} s` : known.message
    return bad(name, `${hub.endpoint}: ${why}`, 'Check the network, the proxy and HF_ENDPOINT.')
  } finally {
    await dispatcher.destroy()
  }
}
