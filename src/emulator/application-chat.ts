/** The application's WebSocket: says who is connected, and sends everything back. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { toldAbout } from './told.ts'

export interface Chat {
  /** Takes upgrades of `/socket`; every other is refused. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Ends every connection. */
  close(): void
}

export function createChat(): Chat {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 })
  sockets.on('connection', (socket, request: IncomingMessage) => {
    const name = toldAbout(request).name ?? 'a stranger'
    socket.on('error', () => socket.terminate())
    socket.on('message', (data, isBinary) => {
      socket.send(isBinary ? data : `${name}: ${data}`, { binary: isBinary })
    })
    socket.send(`You are connected as ${name}.`)
  })
  return {
    upgrade(request, socket, head) {
      if (request.url?.split('?')[0] === '/socket') {
        sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request))
        return
      }
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    },
    close() {
      for (const client of sockets.clients) client.terminate()
      sockets.close()
    },
  }
}
