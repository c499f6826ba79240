/** The application behind the gateways: says who it was told is there, so that a wrong person would be noticed; and can fail. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'

/** What an answer of the application says. */
export interface Echo {
  readonly application: true
  /** User name of the person; null where nobody was named. */
  readonly user: string | null
  readonly bytes: number
}

export type UpstreamMode = 'answer' | 'hang' | 'reset-mid-body'

export interface EchoUpstream {
  readonly port: number
  set(mode: UpstreamMode): void
  /** Closes the port and everything that is open on it. */
  stop(): Promise<void>
  /** Opens the same port again. */
  start(): Promise<void>
  openSockets(): number
}

export async function startEchoUpstream(): Promise<EchoUpstream> {
  let mode: UpstreamMode = 'answer'
  const sockets = new WebSocketServer({ noServer: true })
  let server: Server | null = null
  const raw = new Set<Duplex>()
  sockets.on('connection', (socket: WebSocket, request: IncomingMessage) => {
    socket.on('error', () => socket.terminate())
    socket.on('message', (data) => socket.send(`${userOf(request)} ${String(data)}`))
  })

  async function listen(port: number): Promise<Server> {
    const made = createServer(answer)
    made.on('upgrade', (request, socket, head) => {
      raw.add(socket)
      socket.on('close', () => raw.delete(socket))
      socket.on('error', () => socket.destroy())
      sockets.handleUpgrade(request, socket, head, (open) => sockets.emit('connection', open, request))
    })
    // Longer than anybody waits here: what closes in the middle of the load would be no fault of the gateway's.
    made.keepAliveTimeout = 60_000
    await new Promise<void>((resolve, reject) => made.once('error', reject).listen(port, '127.0.0.1', resolve))
    return made
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    request.on('error', () => response.destroy())
    request.on('end', () => {
      if (mode === 'hang') return
      const text = JSON.stringify({ application: true, user: userOf(request), bytes } satisfies Echo)
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': text.length })
      if (mode === 'answer') return void response.end(text)
      response.write(text.slice(0, 5), () => response.destroy())
    })
  }

  server = await listen(0)
  const { port } = server.address() as AddressInfo
  return {
    port,
    set(next) {
      mode = next
    },
    async stop() {
      const closing = server
      server = null
      for (const socket of raw) socket.destroy()
      closing?.closeAllConnections()
      await new Promise<void>((resolve) => (closing === null ? resolve() : closing.close(() => resolve())))
    },
    async start() {
      server ??= await listen(port)
    },
    openSockets: () => sockets.clients.size + raw.size,
  }
}

function userOf({ headers }: IncomingMessage): string | null {
  const name = headers['x-forwarded-preferred-username']
  return typeof name === 'string' ? name : null
}
