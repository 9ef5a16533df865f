import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'

/** Listens, then sleeps: nobody ever accepts a connection. */
const SLEEPER = `
  const { parentPort, workerData } = require('node:worker_threads')
  const server = require('node:net').createServer()
  server.listen({ ...workerData, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })
`
/** More than the kernel keeps for a host that does not accept. */
const FILLING = 4

/** A host to which packets go and from which none come back. */
export async function startDeafHost(host: string, port: number): Promise<AsyncDisposable> {
  const worker = new Worker(SLEEPER, { eval: true, workerData: { host, port } })
  await once(worker, 'message')
  const filling: Socket[] = []
  for (let i = 0; i < FILLING; i++) filling.push(connect({ host, port }).on('error', () => {}))
  // The first ones are taken by the kernel; once they are, the queue is full.
  await once(filling[0] ?? worker, 'connect')
  await once(filling[1] ?? worker, 'connect')
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of filling) socket.destroy()
      await worker.terminate()
    },
  }
}
