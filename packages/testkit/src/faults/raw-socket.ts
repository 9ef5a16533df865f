import type { Socket } from 'node:net'

const carriers = new WeakMap<Socket, Socket>()

/** Remembers the TCP connection below a TLS one. */
export function noteCarrier(secure: Socket, carrier: Socket): void {
  carriers.set(secure, carrier)
}

/** The TCP connection itself, also below TLS. */
function rawSocket(socket: Socket): Socket {
  return carriers.get(socket) ?? socket
}

/** Sends RST and is gone; a TLS socket cannot do that itself. */
export function resetConnection(socket: Socket | null): void {
  if (socket === null) return
  rawSocket(socket).resetAndDestroy()
  socket.destroy()
}

/** Sends FIN without a word more: on TLS without `close_notify`. */
export function closeUnclean(socket: Socket | null): void {
  if (socket === null) return
  rawSocket(socket).destroy()
  socket.destroy()
}
