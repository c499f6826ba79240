/** What stands around the proxy in its tests: a gate that lets everything pass, upstreams, and callers that speak bytes. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import {
  type AddressInfo,
  connect,
  createServer as createRawServer,
  type Server as RawServer,
  type Socket,
} from 'node:net'
import type { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'
import { Fault } from '../../src/core/fault.ts'
import type { Upstream } from '../../src/core/gateway.ts'
import { createForwarder, type Forwarder } from '../../src/proxy/forward.ts'
import type { ForwardPlan } from '../../src/proxy/plan.ts'
import type { Tunnel } from '../../src/proxy/tunnel.ts'

export function upstreamAt(port: number, changes: Partial<Upstream> = {}): Upstream {
  return {
    protocol: 'http:',
    hostname: '127.0.0.1',
    port,
    origin: `http://127.0.0.1:${port}`,
    socketPath: null,
    tls: { ca: null, clientCertificate: null, serverName: null },
    connectTimeoutSeconds: 2,
    firstByteTimeoutSeconds: 5,
    idleTimeoutSeconds: 0,
    ...changes,
  }
}

/** The plan that core would make of a request, in short. */
export function planFor(request: IncomingMessage, upstream: Upstream, changes: Partial<ForwardPlan> = {}): ForwardPlan {
  const { connection, expect, upgrade, 'keep-alive': keepAlive, ...headers } = request.headers
  const planned = headers as ForwardPlan['headers']
  return {
    upstream,
    target: request.url ?? '/',
    headers: planned,
    ownCookieNames: ['__Host-sid'],
    bindCookie: (line) => line,
    requested: '/',
    signedIn: false,
    strictTransport: null,
    policy: null,
    body: null,
    ...changes,
  }
}

export interface Gate {
  readonly port: number
  readonly server: Server
  readonly forwarder: Forwarder
  /** How the requests ended, in that order: outcomes, and the codes of faults. */
  readonly ends: string[]
  readonly tunnels: Tunnel[]
  readonly log: { readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[]
}

export interface GateOptions {
  readonly plan?: (request: IncomingMessage) => Partial<ForwardPlan>
  /** Runs before the forwarder is called. */
  readonly before?: (request: IncomingMessage, response: ServerResponse | Duplex) => void | Promise<void>
}

/** A server that forwards every request and upgrade to the upstream, and answers faults with their code as the body. */
export async function startGate(upstream: Upstream, options: GateOptions = {}): Promise<Gate> {
  const ends: string[] = []
  const tunnels: Tunnel[] = []
  const log: Gate['log'] = []
  const note = (event: string, fields: Readonly<Record<string, unknown>>) => void log.push({ event, fields })
  const forwarder = createForwarder({ log: { debug: note, warn: note } })
  const server = createServer(async (request, response) => {
    try {
      const plan = planFor(request, upstream, options.plan?.(request))
      await options.before?.(request, response)
      ends.push(await forwarder.forward(request, response, plan))
    } catch (error) {
      const code = error instanceof Fault ? error.code : `bug ${error}`
      ends.push(code)
      response.writeHead(code === 'upstream_timeout' ? 504 : 502, { 'content-length': code.length }).end(code)
    }
  })
  server.on('upgrade', async (request, socket, head) => {
    socket.on('error', () => {})
    try {
      const plan = planFor(request, upstream, options.plan?.(request))
      await options.before?.(request, socket)
      const tunnel = await forwarder.tunnel(socket, head, plan)
      ends.push(typeof tunnel === 'string' ? tunnel : 'tunnel')
      if (typeof tunnel !== 'string') tunnels.push(tunnel)
    } catch (error) {
      ends.push(error instanceof Fault ? error.code : `bug ${error}`)
      socket.end(`HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n${ends.at(-1)}`)
    }
  })
  const port = await listening(server)
  onTestFinished(async () => {
    await forwarder.close()
    server.closeAllConnections()
    server.close()
  })
  return { port, server, forwarder, ends, tunnels, log }
}

/** An application on node:http that also counts its connections. */
export async function startUpstream(
  listener: RequestListener,
): Promise<{ port: number; server: Server; connections: Socket[] }> {
  // Connections that end in a test are ended by the proxy, never by time.
  const server = createServer({ keepAliveTimeout: 60_000 }, listener)
  const connections: Socket[] = []
  server.on('connection', (socket) => connections.push(socket))
  const port = await listening(server)
  onTestFinished(() => {
    for (const socket of connections) socket.destroy()
    server.close()
  })
  return { port, server, connections }
}

/** An application that is nothing but bytes. */
export async function startRaw(
  onData: (socket: Socket, received: string) => void,
): Promise<{ port: number; server: RawServer; received: string[]; sockets: Socket[] }> {
  const received: string[] = []
  const sockets: Socket[] = []
  const server = createRawServer((socket) => {
    const at = received.push('') - 1
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      received[at] += bytes.toString('latin1')
      onData(socket, received[at] ?? '')
    })
  })
  const port = await listening(server)
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port, server, received, sockets }
}

export async function listening(server: RawServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

export interface Caller {
  readonly socket: Socket
  /** Everything received, as latin1. */
  text(): string
  /** How the connection ended: `end` in order, or the code of the error; null while it is open. */
  ended(): string | null
}

/** Connects and sends the bytes (latin1) as they are. */
export function call(port: number, bytes: string): Caller {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: false })
  let text = ''
  let end: string | null = null
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    end ??= error.code ?? 'error'
  })
  socket.on('end', () => {
    end ??= 'end'
  })
  socket.on('close', () => {
    end ??= 'close'
  })
  socket.write(bytes, 'latin1')
  onTestFinished(() => void socket.destroy())
  return { socket, text: () => text, ended: () => end }
}

/** One GET on a connection of its own; the whole answer, head and body. */
export async function get(port: number, path = '/', headers: readonly string[] = []): Promise<string> {
  const lines = [`GET ${path} HTTP/1.1`, 'Host: app.example', 'Connection: close', ...headers]
  const caller = call(port, `${lines.join('\r\n')}\r\n\r\n`)
  await until(() => caller.ended() !== null)
  return caller.text()
}

/** Polls until the condition holds. */
export async function until(condition: () => boolean, seconds = 10): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never happened: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
