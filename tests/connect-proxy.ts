/** An HTTP proxy of the tests' own, as companies have one: it opens tunnels (CONNECT), perhaps only for who knows the password. */
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Pair } from './certificates.ts'

export interface ConnectProxyOptions {
  /** `name:password`, that a caller has to bring. */
  readonly login?: string
  /** Where a tunnel really leads, by its `host:port`; elsewhere it leads to itself. */
  readonly routes?: Readonly<Record<string, number>>
  /** To be spoken to over TLS. */
  readonly tls?: Pair
  /** Answers every tunnel like this instead. */
  readonly refuseWith?: number
}

export interface ConnectProxy {
  readonly port: number
  /** Of every tunnel that was asked for, its `host:port`. */
  readonly asked: readonly string[]
  /** Requests that came without a tunnel. */
  readonly plain: readonly string[]
  close(): Promise<void>
}

export async function startConnectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const { login, routes = {}, tls, refuseWith } = options
  const asked: string[] = []
  const plain: string[] = []
  const sockets = new Set<{ destroy(): void }>()
  const server: Server = tls === undefined ? createServer() : createSecureServer({ cert: tls.cert, key: tls.key })
  server.on('request', (request, response) => {
    plain.push(request.url ?? '')
    response.writeHead(502).end()
  })
  server.on('connect', (request, socket: Socket) => {
    const target = request.url ?? ''
    asked.push(target)
    sockets.add(socket)
    socket.on('error', () => undefined)
    const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`
    if (request.headers['proxy-authorization'] !== wanted) return refuse(socket, 407)
    if (refuseWith !== undefined) return refuse(socket, refuseWith)
    const { hostname, port } = new URL(`http://${target}`)
    const upstream = connect(
      routes[target] ?? Number(port || 80),
      routes[target] === undefined ? hostname : '127.0.0.1',
    )
    sockets.add(upstream)
    upstream.on('error', () => socket.destroy())
    upstream.on('connect', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    ...{ asked, plain },
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function refuse(socket: Socket, status: number): void {
  socket.end(`HTTP/1.1 ${status} No\r\nProxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\n\r\n`)
}
