import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { clientOf, noteArrival } from './arrival.ts'

const MOST_CONNECTIONS_OF_ONE = 1024

/** Cuts what one client opens beyond its share, and notes what each connection came in by. */
export function limitConnections(server: Server): void {
  const byClient = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    noteArrival(socket)
    const client = clientOf(socket)
    if (client === null) return
    const open = byClient.get(client) ?? 0
    if (open >= MOST_CONNECTIONS_OF_ONE) {
      socket.destroy()
      return
    }
    byClient.set(client, open + 1)
    socket.once('close', () => {
      const left = (byClient.get(client) ?? 1) - 1
      if (left === 0) byClient.delete(client)
      else byClient.set(client, left)
    })
  })
}
