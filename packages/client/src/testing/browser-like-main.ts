/**
 * Runs the client where there is nothing but what a browser has: a context without the
 * globals of Node, in which an import of a Node module fails. The first argument is the
 * address of a server; stdout gets what became of it, as JSON.
 */
import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import { type Context, createContext, type Module, SourceTextModule } from 'node:vm'

const ENTRY = `
  import { createClient, isApiError } from '@windlass/client'
  const client = createClient({ baseUrl, token: 'token' })
  const states = []
  for await (const { download } of client.follow('a')) {
    states.push(download.state)
    if (states.length === 1) await fetch(baseUrl + '/go')
  }
  const refused = await client.health().catch((error) => isApiError(error) && error.code)
  answer = { states, refused, path: (await client.download('org/name')).path,
    node: typeof process + typeof Buffer + typeof require }
`

/** A browser's `fetch` may be called with no \`this\` but the window's. */
function windowFetch(this: unknown, ...args: Parameters<typeof fetch>): ReturnType<typeof fetch> {
  if (this !== undefined && this !== context) throw new TypeError('Illegal invocation')
  return fetch(...args)
}

const context: Context = createContext({
  baseUrl: process.argv[2],
  answer: null,
  fetch: windowFetch,
  AbortController,
  AbortSignal,
  DOMException,
  TextDecoder,
  URL,
  URLSearchParams,
  clearTimeout,
  setTimeout,
})
const modules = new Map<string, Promise<SourceTextModule>>()

function load(url: string): Promise<SourceTextModule> {
  const known = modules.get(url)
  if (known !== undefined) return known
  const made = read(url).then((text) => new SourceTextModule(text, { context, identifier: url }))
  modules.set(url, made)
  return made
}

async function read(url: string): Promise<string> {
  if (!url.startsWith('file:')) throw new Error(`a browser has no ${url}`)
  const text = await readFile(fileURLToPath(url), 'utf8')
  return url.endsWith('.ts') ? stripTypeScriptTypes(text) : text
}

const resolve = (specifier: string, from: Module): Promise<SourceTextModule> =>
  load(
    specifier.startsWith('.')
      ? new URL(specifier, from.identifier).href
      : import.meta.resolve(specifier),
  )

const entry = new SourceTextModule(ENTRY, { context, identifier: import.meta.url })
await entry.link(resolve)
await entry.evaluate()
process.stdout.write(JSON.stringify(context['answer']))
