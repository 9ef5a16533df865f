import { Agent, get, type IncomingMessage, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

export interface ApiAddress {
  readonly url: string
  readonly token: string
}

export interface ApiLoad {
  /** Readers of server-sent events, and of WebSockets. */
  readonly streams: number
  readonly sockets: number
  readonly seconds: number
  readonly signal: AbortSignal
}

/** Every sample in milliseconds. */
export interface ApiLatencies {
  readonly list: readonly number[]
  readonly create: readonly number[]
  /** From the event's time to each reader that got it. */
  readonly event: readonly number[]
  /** Events of new downloads that should have come, over all readers. */
  readonly eventsDue: number
}

const BETWEEN_CALLS_MS = 100
/** For the last events to come. */
const AFTERWARDS_MS = 2_000
const NEW = '"type":"download.created"'

/** Lists and creates downloads side by side, while readers follow all events. */
export async function loadApi(server: ApiAddress, load: ApiLoad): Promise<ApiLatencies> {
  const event: number[] = []
  const hear = (text: string): void => {
    const at = Number(/"at":(\d+)/.exec(text)?.[1])
    event.push(Date.now() - at)
  }
  const leave = await openReaders(server, load, hear)
  try {
    const agent = new Agent({ keepAlive: true })
    const until = performance.now() + load.seconds * 1000
    const repeat = async (call: (turn: number) => Promise<number>): Promise<number[]> => {
      const samples: number[] = []
      for (let turn = 0; performance.now() < until; turn++) {
        load.signal.throwIfAborted()
        samples.push(await call(turn))
        await pause(BETWEEN_CALLS_MS)
      }
      return samples
    }
    const [list, create] = await Promise.all([
      repeat(() => timed(server, agent, { path: '/api/downloads?limit=100' })),
      repeat((turn) =>
        timed(server, agent, { path: '/api/downloads', body: { ref: `bench/new-${turn}` } }),
      ),
    ])
    await pause(AFTERWARDS_MS)
    agent.destroy()
    return { list, create, event, eventsDue: create.length * (load.streams + load.sockets) }
  } finally {
    leave()
  }
}

/** Returns the function that lets all of them go. */
async function openReaders(
  { url, token }: ApiAddress,
  { streams, sockets }: ApiLoad,
  hear: (text: string) => void,
): Promise<() => void> {
  const headers = { authorization: `Bearer ${token}` }
  const answers: IncomingMessage[] = []
  const open: WebSocket[] = []
  for (let n = 0; n < streams; n++) {
    const outgoing = get(`${url}/api/events`, { headers, agent: false })
    answers.push(await new Promise((resolve) => outgoing.once('response', resolve)))
  }
  for (const answer of answers) eachLine(answer, (line) => line.includes(NEW) && hear(line))
  for (let n = 0; n < sockets; n++) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers })
    socket.addEventListener('message', ({ data }) => {
      if (String(data).includes(NEW)) hear(String(data))
    })
    await new Promise((resolve) => socket.addEventListener('open', resolve))
    open.push(socket)
  }
  return () => {
    for (const answer of answers) answer.destroy()
    for (const socket of open) socket.close()
  }
}

function eachLine(answer: IncomingMessage, take: (line: string) => void): void {
  let rest = ''
  answer.setEncoding('utf8')
  answer.on('error', () => undefined) // the bench leaves first
  answer.on('data', (piece: string) => {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  })
}

interface Call {
  readonly path: string
  readonly body?: object
}

/** Milliseconds until the whole answer was there. */
async function timed({ url, token }: ApiAddress, agent: Agent, call: Call): Promise<number> {
  const started = performance.now()
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(`${url}${call.path}`, {
      agent,
      method: call.body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    })
    outgoing.once('response', resolve).once('error', reject)
    outgoing.end(call.body === undefined ? undefined : JSON.stringify(call.body))
  })
  for await (const _piece of answer);
  if ((answer.statusCode ?? 500) >= 300) throw new Error(`${call.path}: ${answer.statusCode}`)
  return performance.now() - started
}
