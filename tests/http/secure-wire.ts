/** One TLS connection of a caller: what it was shown, and what it was answered. */
import { once } from 'node:events'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'

export interface Shown {
  /** Of the certificate. */
  readonly names: string
  readonly protocol: string | null
}

/** @throws what Node says when the handshake fails. */
export async function openSecure(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ...options })
  await once(socket, 'secureConnect')
  socket.on('error', () => {})
  return socket
}

export function shownTo(socket: TLSSocket): Shown {
  return { names: socket.getPeerCertificate().subjectaltname ?? '', protocol: socket.getProtocol() }
}

/** Sends bytes and returns all that comes until the connection ends. */
export async function exchange(socket: TLSSocket, bytes: string): Promise<string> {
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  socket.write(bytes, 'latin1')
  if (!socket.closed) await once(socket, 'close')
  return text
}
