/** One open port: its limits, what is owed on its connections, and an end that loses no request. */
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Address, Gateway, ServerSettings } from '../core/gateway.ts'
import type { Log } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Answers } from './answers.ts'
import { closeExchange, createExchange, type Exchange } from './exchange.ts'
import type { Gate } from './gate.ts'
import type { Lasting } from './lasting.ts'
import { open } from './open.ts'
import { createSecureServer, type SecureServer } from './secure-server.ts'
import { announcesBody, createBodyWatch } from './slow-bodies.ts'
import { refuseUnparsable } from './unparsable.ts'
import type { TakeUpgrade } from './upgrade.ts'

export interface Port {
  readonly port: number
  /** Connections that are open now. */
  connections(): number
  /** Takes over from the configuration in force what may change while the port is open; connections stay open. */
  renew(): void
  /** From now on every answer closes its connection, also those that are still to come for requests in flight. */
  lastAnswers(): void
  /**
   * Stops accepting and waits for the requests in flight; what is still open at the deadline is cut.
   * @param seconds the deadline. @returns whether everything ended by itself.
   */
  drain(seconds: number): Promise<boolean>
}

export interface PortParts {
  readonly address: Address
  /** The configuration in force. What a server cannot change while it runs stays as it was at the beginning. */
  readonly current: () => Gateway
  readonly gate: Gate
  readonly upgrade: TakeUpgrade
  readonly lasting: Pick<Lasting, 'sweep'>
  readonly answers: Answers
  readonly metrics: Metrics
  readonly log: Log
}

/** What happens before there is a request. */
export interface PortEvents {
  /** More connections than allowed: this one was closed at once. */
  dropped(): void
  /** Null where the port speaks plain HTTP. */
  readonly tls: { handshakeFailed(): void } | null
}

export async function openPort(parts: PortParts, events: PortEvents): Promise<Port> {
  const { current, log } = parts
  const { server, renew } = createServerFor(parts, events)
  /** All connections, also those that are not yet done with the handshake. */
  const sockets = new Set<Socket>()
  /** Requests that are owed an answer, by connection. One set for all, changed per request, costs the garbage collector a fifth of a request. */
  const owed = new Map<Duplex, Exchange[]>()
  const interval = sweepInterval(current().server)
  const now = () => performance.now()
  const bodies = createBodyWatch({ limits: () => bodyLimits(current().server), now, interval })
  let inFlight = 0
  let last = false

  function take(request: IncomingMessage, response: ServerResponse): void {
    const pending = owed.get(request.socket)
    if (pending !== undefined && pending.length >= mostPipelined) {
      log.info('pipeline_cut', { peer: request.socket.remoteAddress })
      return void request.socket.destroy()
    }
    const exchange = createExchange(response, announcesBody(request) ? bodies.watch(request, response) : null)
    pending?.push(exchange)
    inFlight += 1
    response.on('close', () => {
      inFlight -= 1
      pending?.splice(pending.indexOf(exchange), 1)
      closeExchange(exchange)
    })
    if (last) response.setHeader('Connection', 'close')
    parts.gate(request, response, exchange)
  }

  /** Answers of ours to earlier requests of this connection, the one that is being written first. */
  const pendingOn = (socket: Duplex): readonly Exchange[] => owed.get(socket) ?? []

  function takeUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Its bytes would mingle with the answers that the caller did not wait for (RFC 9110 section 7.8).
    if (pendingOn(socket).length > 0) return void socket.destroy()
    parts.upgrade(request, socket, head)
  }

  server.on('connection', (socket) => {
    sockets.add(socket)
    // Each request that waits for its turn listens for the end of the connection.
    socket.setMaxListeners(mostPipelined + 20)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on(events.tls === null ? 'connection' : 'secureConnection', (socket: Socket) => {
    owed.set(socket, [])
    socket.on('close', () => owed.delete(socket))
  })
  server.on('drop', events.dropped)
  server.on('request', take)
  // Node would answer an unknown Expect by itself, past the gate.
  server.on('checkExpectation', take)
  server.on('upgrade', takeUpgrade)
  // Without a listener, Node hangs up and says nothing. The gate finds no path in such a target (T9).
  server.on('connect', takeUpgrade)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // A part of an answer is on its way: a second one must never follow it (T48).
    if (pendingOn(socket).some(({ response }) => response.headersSent)) return void socket.destroy()
    refuseUnparsable(error, socket, parts)
  })
  adopt(server, current().server)
  const port = await open(server, parts.address)
  // A connection that cannot be accepted, for want of file descriptors for example, must not end the process.
  server.on('error', (error) => log.error('accepting_failed', { error }))
  const sweep = setInterval(() => {
    bodies.sweep()
    parts.lasting.sweep(owed.values())
  }, interval).unref()
  return {
    port,
    connections: () => sockets.size,
    renew() {
      adopt(server, current().server)
      renew()
    },
    lastAnswers() {
      last = true
      for (const { response } of [...owed.values()].flat()) {
        if (!response.headersSent) response.setHeader('Connection', 'close')
      }
    },
    async drain(seconds) {
      const deadline = performance.now() + seconds * 1_000
      server.close()
      while (inFlight > 0 && performance.now() < deadline) {
        server.closeIdleConnections()
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      const clean = inFlight === 0
      clearInterval(sweep)
      for (const socket of [...owed.keys(), ...sockets]) socket.destroy()
      return clean
    },
  }
}

/**
 * Requests that a caller may send on one connection without waiting for answers. No browser does, and each of them is a
 * connection to an application, which the limit of connections would know nothing of.
 */
const mostPipelined = 100

/** Plain or secure, with what cannot be changed any more once the server runs. */
function createServerFor({ current, log }: PortParts, { tls }: PortEvents): SecureServer {
  const { server: settings } = current()
  const headersTimeout = settings.timeouts.headerSeconds * 1_000
  const options: ServerOptions = {
    maxHeaderSize: settings.limits.headerBytes,
    connectionsCheckingInterval: Math.min(headersTimeout / 10, 1_000),
    // An upload may take as long as it needs, as long as it goes on: slow-bodies.ts.
    requestTimeout: 0,
    // Who vanishes without a word is noticed although nothing is sent: after a minute TCP asks, ten times, a second apart.
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
    // The gate refuses what has no Host, as it refuses everything else: with an answer of ours, and a line in the log.
    requireHostHeader: false,
  }
  if (tls === null || settings.tls === null) return { server: createServer(options), renew() {} }
  const handshakeTimeout = headersTimeout
  return createSecureServer({ current, tls: settings.tls, options, handshakeTimeout, failed: tls.handshakeFailed, log })
}

/** What may change while the server runs; Node reads these when it needs them. */
function adopt(server: Server, { timeouts, limits }: ServerSettings): void {
  server.headersTimeout = timeouts.headerSeconds * 1_000
  // What the answer says in Keep-Alive; Node waits a second longer, so that no request meets a closed connection.
  server.keepAliveTimeout = timeouts.keepAliveSeconds * 1_000
  server.maxConnections = limits.connections
}

function bodyLimits({ timeouts, limits }: ServerSettings) {
  return { bodySeconds: timeouts.bodySeconds, minimumBytesPerSecond: limits.minimumBytesPerSecond }
}

/** Often enough for a slow body to be noticed in good time, in milliseconds. */
function sweepInterval({ timeouts }: ServerSettings): number {
  return Math.min(timeouts.bodySeconds * 100, 1_000)
}
