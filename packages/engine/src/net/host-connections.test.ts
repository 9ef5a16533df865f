import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { StopRequest } from '../runtime/stop-request.ts'
import { HostConnections } from './host-connections.ts'
import type { HttpClient, HttpRequest, HttpResponse } from './http-client.ts'
import type { ResponseBody } from './response-body.ts'

const signal = new AbortController().signal

function request(url: string): HttpRequest {
  return { url: new URL(url), method: 'GET', headers: {}, credentials: [], judge() {} }
}

function emptyBody(): ResponseBody {
  return {
    pour: (sink) => sink.ended(),
    discard() {},
    destroy() {},
    async *[Symbol.asyncIterator]() {},
  }
}

/** A client whose hosts all answer; `hub` sends everybody to `cdn`. */
function openClient(): Pick<HttpClient, 'open'> & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    async open({ url }): Promise<HttpResponse> {
      asked.push(url.host)
      const end = url.host === 'hub' ? new URL('http://cdn/signed') : url
      return { url: end, status: 200, headers: {}, body: emptyBody() }
    },
  }
}

async function close({ body }: HttpResponse): Promise<void> {
  body.destroy()
  await nextTurn()
}

it('lets as many in as it may, and the next when a body is closed', async () => {
  const hosts = new HostConnections()
  hosts.setLimit(2)
  const client = hosts.guard(openClient())
  const first = await client.open(request('http://a/1'), { signal })
  await client.open(request('http://a/2'), { signal })
  let third: HttpResponse | null = null
  const waiting = client.open(request('http://a/3'), { signal }).then((response) => {
    third = response
  })
  await client.open(request('http://b/1'), { signal })
  await nextTurn()
  expect(third).toBeNull()
  await close(first)
  await waiting
  expect(third).not.toBeNull()
})

it('counts where the bytes come from, and asks there again when it is its turn', async () => {
  const hosts = new HostConnections()
  hosts.setLimit(1)
  const inner = openClient()
  const client = hosts.guard(inner)
  const first = await client.open(request('http://hub/1'), { signal })
  const second = client.open(request('http://hub/2'), { signal })
  await nextTurn()
  expect(inner.asked).toEqual(['hub', 'hub'])
  await close(first)
  expect((await second).url.href).toBe('http://cdn/signed')
  expect(inner.asked).toEqual(['hub', 'hub', 'cdn'])
})

it('forgets whoever stops waiting, and gives the place to the next', async () => {
  const hosts = new HostConnections()
  hosts.setLimit(1)
  const client = hosts.guard(openClient())
  const first = await client.open(request('http://a/1'), { signal })
  const stop = new AbortController()
  const stopped = client.open(request('http://a/2'), { signal: stop.signal })
  const next = client.open(request('http://a/3'), { signal })
  const reason = new StopRequest('cancel')
  stop.abort(reason)
  await expect(stopped).rejects.toBe(reason)
  await close(first)
  expect((await next).status).toBe(200)
})

it('frees the place of a request that fails, and lets all in when the limit is lifted', async () => {
  const hosts = new HostConnections()
  hosts.setLimit(1)
  const inner = openClient()
  const broken: Pick<HttpClient, 'open'> = { open: () => Promise.reject(new Error('broken')) }
  await expect(hosts.guard(broken).open(request('http://a/1'), { signal })).rejects.toThrow(
    'broken',
  )
  const client = hosts.guard(inner)
  await client.open(request('http://a/2'), { signal })
  const others = [3, 4].map((n) => client.open(request(`http://a/${n}`), { signal }))
  hosts.setLimit(null)
  expect(await Promise.all(others)).toHaveLength(2)
})
