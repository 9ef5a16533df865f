import { sha256OfRandomBytes } from '../bytes/digests.ts'
import type { ConnectionRule } from '../faults/connection-rules.ts'
import type { FaultMatch, FaultRule } from '../faults/fault-rule.ts'
import { jsonReply, type Reply, type SeenRequest, textReply } from '../faults/reply.ts'
import type { ChaosControls } from './chaos-controls.ts'
import type { ChaosFileSettings } from './chaos-file.ts'
import { fileOfPath } from './file-table.ts'
import type { TlsSettings } from './tls-switch.ts'

/** A rule as JSON: an expression is `{"regex": "..."}`. */
type JsonRule = Omit<FaultRule, 'match'> & { readonly match?: Readonly<Record<string, unknown>> }

/**
 * The control interface below `/__ctl/`, for tries by hand and tests in other languages:
 * `PUT rules | connections | file | tls`, `GET log | sha`, `POST reset | expire-links`. What it is
 * sent is believed: it serves on loopback, for tests alone.
 *
 * @returns `undefined` for any other path
 */
export async function controlReply(
  request: SeenRequest,
  origin: ChaosControls,
): Promise<Reply | undefined> {
  const [folder, command = ''] = request.segments
  if (folder !== '__ctl') return undefined
  try {
    return await carryOut(`${request.method} ${command}`, request, origin)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) {
      return textReply(400, `${error.message}\n`)
    }
    throw error
  }
}

async function carryOut(
  command: string,
  request: SeenRequest,
  origin: ChaosControls,
): Promise<Reply> {
  switch (command) {
    case 'PUT rules':
      return putRules(await listIn<JsonRule>(request), origin)
    case 'PUT connections':
      for (const rule of await listIn<ConnectionRule>(request)) origin.faultConnections(rule)
      return done()
    case 'PUT file':
      return putFile(await jsonIn<FileCommand>(request), origin)
    case 'PUT tls':
      origin.useTls(await jsonIn<TlsSettings>(request))
      return done()
    case 'GET log':
      return jsonReply(200, origin.log)
    case 'GET sha':
      return shaOf(request.query)
    case 'POST reset':
      origin.reset()
      return done()
    case 'POST expire-links':
      origin.expireLinks()
      return done()
    default:
      return textReply(
        404,
        'PUT rules, connections, file, tls; GET log, sha; POST reset, expire-links\n',
      )
  }
}

function putRules(rules: readonly JsonRule[], origin: ChaosControls): Reply {
  const read = rules.map(({ match = {}, do: action }): FaultRule => {
    if (typeof action !== 'object') throw new TypeError('a rule has a "do"')
    const fields = Object.entries(match).map(([name, value]) => [name, withExpressions(value)])
    // The fields are those of a match, as the one who wrote the JSON says.
    return { match: Object.fromEntries(fields) as FaultMatch, do: action }
  })
  origin.clearFaults()
  for (const rule of read) origin.fault(rule)
  return done()
}

function withExpressions(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if ('regex' in value) return new RegExp(String(value.regex))
  const entries = Object.entries(value).map(([name, inner]) => [name, withExpressions(inner)])
  return Object.fromEntries(entries)
}

interface FileCommand {
  /** `/f/<seed>/<size>[/<name>]` */
  readonly path: string
  readonly settings?: ChaosFileSettings
}

function putFile({ path, settings = {} }: FileCommand, origin: ChaosControls): Reply {
  const file = fileOfPath({ segments: path.split('/').slice(1).map(decodeURIComponent) })
  if (file === undefined) throw new TypeError('"path" is /f/<seed>/<size>[/<name>]')
  origin.serve(file, settings)
  return done()
}

async function shaOf(query: URLSearchParams): Promise<Reply> {
  const seed = query.get('seed')
  const size = query.get('size')
  if (seed === null || size === null || !/^\d{1,15}$/.test(size)) {
    throw new TypeError('?seed=...&size=...')
  }
  const sha256 = await sha256OfRandomBytes({ seed, sizeBytes: Number(size) })
  return textReply(200, `${sha256}\n`)
}

async function listIn<T>(request: SeenRequest): Promise<readonly T[]> {
  const value = await jsonIn<readonly T[]>(request)
  if (!Array.isArray(value)) throw new TypeError('a list is needed')
  return value
}

async function jsonIn<T>(request: SeenRequest): Promise<T> {
  const value: unknown = JSON.parse((await request.body()).toString('utf8'))
  if (typeof value !== 'object' || value === null) throw new TypeError('an object is needed')
  // Believed, as the doc comment of the interface says.
  return value as T
}

function done(): Reply {
  return textReply(200, 'ok\n')
}
