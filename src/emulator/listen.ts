/** Opens a port under the name `localhost`, however that name resolves: on 127.0.0.1, and on ::1 where there is one. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

interface Handlers {
  readonly request: RequestListener
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
}

export interface OpenPort {
  /** `http://localhost:<port>` */
  readonly origin: string
  /** Hands over who answers; what came before that has waited. */
  serve(handlers: Handlers): void
  /** Ends every connection and frees the port. */
  close(): Promise<void>
}

export interface PortOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number
  /** Another address than the loopback, such as 0.0.0.0; it is then the only one. */
  readonly host?: string
}

/** Opens the port. Rejects when it is taken, on either of the two addresses. */
export async function openPort({ port = 0, host = loopback }: PortOptions = {}): Promise<OpenPort> {
  const handlers = Promise.withResolvers<Handlers>()
  for (let attempt = 1; ; attempt += 1) {
    const first = createListener(handlers.promise)
    const bound = await bind(first, port, host)
    const second = host === loopback ? createListener(handlers.promise) : null
    const failure = second === null ? null : await bind(second, bound, '::1').then(() => null, codeOf)
    // No IPv6 on this machine is fine. Another program on the same port of ::1 would take our callers away.
    if (failure === 'EADDRINUSE') {
      await closed(first)
      if (port === 0 && attempt < 20) continue
      throw new Error(`Port ${bound} is taken on [::1].`)
    }
    const servers = second === null || failure !== null ? [first] : [first, second]
    return {
      origin: `http://localhost:${bound}`,
      serve: handlers.resolve,
      close: async () => {
        await Promise.all(servers.map(closed))
      },
    }
  }
}

const loopback = '127.0.0.1'

function createListener(handlers: Promise<Handlers>): Server {
  const server = createServer(async (request, response) => (await handlers).request(request, response))
  return server.on('upgrade', async (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const { upgrade } = await handlers
    if (upgrade === undefined) socket.destroy()
    else upgrade(request, socket, head)
  })
}

function bind(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host }, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}
