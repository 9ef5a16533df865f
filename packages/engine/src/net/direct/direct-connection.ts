import type { Socket } from 'node:net'
import { errors } from 'undici'
import type { BodySink } from '../response-body.ts'
import type { Deadline, Deadlines } from './deadlines.ts'
import { MAX_HEAD_BYTES, type PlainHead, readPlainHead } from './plain-head.ts'
import { ReplayedSocket } from './replayed-socket.ts'

/** Holds the largest head and a little of what follows it. */
const LANDING_BYTES = MAX_HEAD_BYTES + 4096

export interface ConnectionOptions {
  readonly timeouts: { readonly headersMs: number; readonly bodyMs: number }
  readonly deadlines: Deadlines
  /** It may serve another request, and is kept by its host for so long. */
  readonly onIdle: (connection: DirectConnection, hostSeconds: number | null) => void
  readonly onGone: (connection: DirectConnection) => void
}

export interface Asking {
  readonly text: string
  readonly method: 'GET' | 'HEAD'
  readonly signal: AbortSignal
}

/** What came back: a plain head, whose body this connection pours, or something else to be read. */
export type Answered =
  | { readonly kind: 'plain'; readonly head: PlainHead }
  | { readonly kind: 'other'; readonly socket: ReplayedSocket }

interface Exchange extends Asking {
  readonly stop: () => void
  readonly resolve: (answered: Answered) => void
  readonly reject: (error: unknown) => void
  head: PlainHead | null
  /** Of the body, not yet in the sink. */
  left: number
  sink: BodySink | null
  isHeld: boolean
}

/**
 * One connection to a host. The kernel's bytes land where they are wanted: a head in a
 * buffer of the connection's own, a body in the room that its sink gives.
 */
export class DirectConnection {
  /** For `net.connect` and `tls.connect`. */
  readonly onread = {
    buffer: (): Uint8Array => this.#offer(),
    callback: (bytes: number, buffer: Uint8Array): boolean => this.#take(bytes, buffer),
  }
  readonly #options: ConnectionOptions
  #socket: Socket | null = null
  #landing = Buffer.allocUnsafeSlow(LANDING_BYTES)
  /** Where in the landing bytes are that nobody took yet. */
  #landed = { start: 0, end: 0 }
  /** What the sink gave for the next read. */
  #room: Uint8Array | null = null
  #exchange: Exchange | null = null
  #replayed: ReplayedSocket | null = null
  #deadline: Deadline | null = null
  #failure: { readonly error: unknown } | null = null
  #answers = 0
  #isSettled: boolean = true

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** The connection stands. */
  attach(socket: Socket): void {
    this.#socket = socket
    socket.on('error', (error) => this.#fail(error))
    socket.on('end', () => this.#ended())
    socket.on('close', () => {
      this.#fail(closedByHost())
      this.#options.onGone(this)
    })
    if (this.#failure !== null) socket.destroy()
  }

  /** It has carried an answer before: a host may have closed it just as it was asked again. */
  get isUsed(): boolean {
    return this.#answers > 0
  }

  /** Resolves when an answer that went on beyond its end would have been noticed: with whether it can be asked. */
  async isReady(): Promise<boolean> {
    if (!this.#isSettled) await new Promise(setImmediate)
    return this.#failure === null && this.#exchange === null
  }

  /**
   * Sends a request and waits for the head of its answer.
   * @throws undici's errors of time limits and closed connections; the socket's own; the signal's reason
   */
  ask(asking: Asking): Promise<Answered> {
    const { promise, resolve, reject } = Promise.withResolvers<Answered>()
    const { signal } = asking
    const stop = (): void => this.destroy(signal.reason)
    this.#exchange = {
      ...{ ...asking, stop, resolve, reject },
      ...{ head: null, left: 0, sink: null, isHeld: false },
    }
    signal.addEventListener('abort', stop, { once: true })
    this.#socket?.ref()
    this.#watch(this.#options.timeouts.headersMs, () => new errors.HeadersTimeoutError())
    this.#socket?.write(asking.text, 'latin1')
    if (signal.aborted) stop()
    return promise
  }

  /** Pours the body of the answer that came last. Its `head` tells which. */
  pour(head: PlainHead, sink: BodySink): void {
    const exchange = this.#exchange
    if (exchange?.head !== head) {
      sink.failed(this.#failure?.error ?? closedByHost())
      return
    }
    exchange.sink = sink
    this.#pourLanded(exchange)
    if (this.#exchange !== exchange) return
    if (this.#failure !== null) this.#tell(exchange, this.#failure.error)
    else if (!exchange.isHeld) this.#flow()
  }

  /** Whether the rest of the body is here already; it is thrown away then. */
  discard(head: PlainHead, most: number): void {
    const exchange = this.#exchange
    if (exchange?.head !== head || exchange.sink !== null) return
    if (exchange.left > most) {
      this.giveUp(head)
      return
    }
    const scratch = Buffer.allocUnsafe(most)
    this.pour(head, { room: () => scratch, filled: () => null, ended() {}, failed() {} })
  }

  /** Gives the body of that answer up, if there is something of it left. */
  giveUp(head: PlainHead): void {
    const exchange = this.#exchange
    if (exchange?.head !== head) return
    this.#release(exchange)
    this.destroy(closedByHost())
  }

  destroy(error: unknown): void {
    this.#fail(error)
    this.#socket?.destroy()
  }

  #offer(): Uint8Array {
    const exchange = this.#exchange
    this.#room = null
    if (exchange?.sink != null && exchange.left > 0 && this.#landed.start === this.#landed.end) {
      const room = exchange.sink.room()
      if (room !== null) {
        this.#room = room.length > exchange.left ? room.subarray(0, exchange.left) : room
        return this.#room
      }
      this.#finish(exchange)
    }
    if (this.#landed.start === this.#landed.end) this.#landed = { start: 0, end: 0 }
    if (this.#landed.end === this.#landing.length) {
      // TLS hands over what it had decrypted before it was told to wait.
      this.#landing = Buffer.concat([this.#landing, Buffer.allocUnsafe(LANDING_BYTES)])
    }
    return this.#landing.subarray(this.#landed.end)
  }

  /** @returns false when the socket shall wait */
  #take(bytes: number, buffer: Uint8Array): boolean {
    this.#deadline?.moved()
    const exchange = this.#exchange
    if (buffer === this.#room && exchange !== null) return this.#delivered(exchange, bytes)
    this.#land(buffer, bytes)
    if (this.#replayed !== null) return this.#replayed.replay(this.#takeLanded())
    if (exchange === null) {
      // Nobody asked for this.
      this.destroy(closedByHost())
      return false
    }
    if (exchange.head === null) return this.#readHead(exchange)
    if (exchange.sink !== null) this.#pourLanded(exchange)
    return this.#exchange === exchange ? exchange.sink !== null && !exchange.isHeld : true
  }

  #land(buffer: Uint8Array, bytes: number): void {
    const start = buffer.byteOffset - this.#landing.byteOffset
    if (this.#landed.start === this.#landed.end) this.#landed.start = start
    this.#landed.end = start + bytes
  }

  #takeLanded(): Buffer {
    const { start, end } = this.#landed
    this.#landed = { start: 0, end: 0 }
    return Buffer.from(this.#landing.subarray(start, end))
  }

  #readHead(exchange: Exchange): boolean {
    const { start, end } = this.#landed
    const head = readPlainHead(this.#landing.subarray(start, end), exchange)
    if (head === 'incomplete') return true
    if (head === 'not-plain') {
      this.#handOver(exchange)
      return false
    }
    this.#answers += 1
    this.#landed.start += head.headBytes
    this.#deadline?.stop()
    this.#deadline = null
    exchange.head = head
    exchange.left = head.bodyBytes
    if (exchange.left === 0) this.#finish(exchange)
    exchange.resolve({ kind: 'plain', head })
    return exchange.left === 0
  }

  /** The answer goes to another reader, from its first byte on, and the connection with it. */
  #handOver(exchange: Exchange): void {
    const socket = new ReplayedSocket({
      resume: () => this.#socket?.resume(),
      destroy: () => this.#socket?.destroy(),
      giveBack: () => this.#takeBack(),
    })
    this.#answers += 1
    this.#replayed = socket
    socket.replay(this.#takeLanded())
    this.#release(exchange)
    exchange.resolve({ kind: 'other', socket })
  }

  #takeBack(): void {
    this.#replayed = null
    if (this.#failure === null) this.#keep(null)
  }

  #keep(hostSeconds: number | null): void {
    this.#isSettled = false
    setImmediate(() => {
      this.#isSettled = true
    })
    this.#socket?.unref()
    // One that waits for its sink was told to stop reading.
    this.#socket?.resume()
    this.#options.onIdle(this, hostSeconds)
  }

  #pourLanded(exchange: Exchange): void {
    const { sink } = exchange
    while (this.#exchange === exchange && sink !== null && !exchange.isHeld) {
      const { start, end } = this.#landed
      const wanted = Math.min(end - start, exchange.left)
      if (wanted === 0) return
      const room = sink.room()
      if (room === null) {
        this.#finish(exchange)
        return
      }
      const bytes = Math.min(room.length, wanted)
      room.set(this.#landing.subarray(start, start + bytes))
      this.#landed.start += bytes
      this.#delivered(exchange, bytes)
    }
  }

  /** @returns false when the socket shall wait */
  #delivered(exchange: Exchange, bytes: number): boolean {
    exchange.left -= bytes
    const turn = exchange.sink?.filled(bytes) ?? null
    if (this.#exchange !== exchange) return false
    if (exchange.left === 0) this.#finish(exchange)
    else if (turn !== null) this.#hold(exchange, turn)
    return !exchange.isHeld
  }

  /** Back-pressure is nobody's stall. */
  #hold(exchange: Exchange, turn: Promise<unknown>): void {
    exchange.isHeld = true
    this.#deadline?.stop()
    this.#deadline = null
    const goOn = (): void => {
      if (this.#exchange !== exchange) return
      exchange.isHeld = false
      this.#pourLanded(exchange)
      if (this.#exchange !== exchange || exchange.isHeld) return
      if (this.#failure !== null) this.#tell(exchange, this.#failure.error)
      else this.#flow()
    }
    // Whoever gave the promise knows what to do when it fails.
    turn.then(goOn, () => {})
  }

  #flow(): void {
    this.#watch(this.#options.timeouts.bodyMs, () => new errors.BodyTimeoutError())
    this.#socket?.resume()
  }

  #watch(limitMs: number, error: () => Error): void {
    this.#deadline?.stop()
    this.#deadline = this.#options.deadlines.start(limitMs, () => this.destroy(error()))
  }

  /** The body is at its end, or no more of it is wanted. */
  #finish(exchange: Exchange): void {
    const isClean =
      exchange.left === 0 && this.#landed.start === this.#landed.end && this.#failure === null
    const keepAlive = isClean ? (exchange.head?.keepAlive ?? null) : null
    this.#release(exchange)
    if (keepAlive === null) this.destroy(closedByHost())
    else this.#keep(keepAlive.hostSeconds)
    exchange.sink?.ended()
  }

  #release({ signal, stop }: Exchange): void {
    signal.removeEventListener('abort', stop)
    this.#deadline?.stop()
    this.#deadline = null
    this.#exchange = null
    this.#room = null
  }

  #ended(): void {
    const exchange = this.#exchange
    const hasBegun = exchange?.head === null && this.#landed.end > this.#landed.start
    if (exchange !== null && hasBegun) this.#handOver(exchange)
    if (this.#replayed === null) this.#fail(closedByHost())
    else {
      this.#failure ??= { error: closedByHost() }
      this.#replayed.replay(null)
    }
  }

  #fail(error: unknown): void {
    if (this.#failure !== null) return
    this.#failure = { error }
    this.#replayed?.destroy(error instanceof Error ? error : closedByHost())
    const exchange = this.#exchange
    if (exchange === null) return
    if (exchange.head === null) {
      this.#release(exchange)
      exchange.reject(error)
    } else if (exchange.sink !== null && !(exchange.isHeld && this.#hasLanded())) {
      this.#tell(exchange, error)
    } else this.#deadline?.stop()
  }

  #hasLanded(): boolean {
    return this.#landed.end > this.#landed.start
  }

  #tell(exchange: Exchange, error: unknown): void {
    this.#release(exchange)
    exchange.sink?.failed(error)
  }
}

function closedByHost(): Error {
  return new errors.SocketError('other side closed')
}
