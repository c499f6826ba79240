/** The main listener: limits, what could not be parsed, and an end that loses no request. */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Address } from '../core/gateway.ts'
import type { Log } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Answers } from './answers.ts'
import type { Gate } from './gate.ts'
import { open } from './open.ts'
import type { UpgradeGate } from './upgrade.ts'
import { writeAnswerToSocket } from './writers.ts'

export interface Listener {
  readonly port: number
  /** Connections that are open now. */
  connections(): number
  /** From now on every answer closes its connection, also those that are still to come for requests in flight. */
  lastAnswers(): void
  /**
   * Stops accepting and waits for the requests in flight; what is still open at the deadline is cut.
   * @param seconds the deadline. @returns whether everything ended by itself.
   */
  drain(seconds: number): Promise<boolean>
}

export interface ListenParts {
  readonly address: Address
  readonly gate: Gate
  readonly upgrade: UpgradeGate
  readonly answers: Answers
  readonly metrics: Metrics
  readonly log: Log
  /** How long a caller may take for the headers of a request, in seconds. */
  readonly headerSeconds?: number
}

const limits = {
  maxHeaderSize: 16_384,
  // An upload may take as long as it needs.
  requestTimeout: 0,
  // Longer than a load balancer keeps its idle connections, so that it closes first and no request meets a closed socket.
  keepAliveTimeout: 75_000,
  // The gate refuses what has no Host, as it refuses everything else: with an answer of ours, and a line in the log.
  requireHostHeader: false,
} as const

export async function listen(parts: ListenParts): Promise<Listener> {
  const headersTimeout = (parts.headerSeconds ?? 30) * 1_000
  const server = createServer({ ...limits, headersTimeout, connectionsCheckingInterval: headersTimeout / 10 })
  /** Answers that are owed, by connection. One set for all, changed per request, costs the garbage collector a fifth of a request. */
  const owed = new Map<Duplex, ServerResponse[]>()
  let inFlight = 0
  let last = false

  function take(request: IncomingMessage, response: ServerResponse): void {
    const pending = owed.get(request.socket)
    pending?.push(response)
    inFlight += 1
    response.on('close', () => {
      inFlight -= 1
      pending?.splice(pending.indexOf(response), 1)
    })
    if (last) response.setHeader('Connection', 'close')
    parts.gate(request, response)
  }

  /** Answers of ours to earlier requests of this connection, the one that is being written first. */
  const pendingOn = (socket: Duplex): readonly ServerResponse[] => owed.get(socket) ?? []

  function takeUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Its bytes would mingle with the answers that the caller did not wait for (RFC 9110 section 7.8).
    if (pendingOn(socket).length > 0) return void socket.destroy()
    parts.upgrade(request, socket, head)
  }

  server.on('connection', (socket) => {
    owed.set(socket, [])
    socket.on('close', () => owed.delete(socket))
  })
  server.on('request', take)
  // Node would answer an unknown Expect by itself, past the gate.
  server.on('checkExpectation', take)
  server.on('upgrade', takeUpgrade)
  // Without a listener, Node hangs up and says nothing. The gate finds no path in such a target (T9).
  server.on('connect', takeUpgrade)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // A part of an answer is on its way: a second one must never follow it (T48).
    if (pendingOn(socket).some((response) => response.headersSent)) return void socket.destroy()
    refuseUnparsable(error, socket, parts)
  })
  const port = await open(server, parts.address)
  return {
    port,
    connections: () => owed.size,
    lastAnswers() {
      last = true
      for (const response of [...owed.values()].flat()) {
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
      for (const socket of owed.keys()) socket.destroy()
      return clean
    },
  }
}

/** What Node's parser refuses: smuggling tricks, too many headers, no HTTP at all. Nothing of it is repeated (T93). */
function refuseUnparsable(error: NodeJS.ErrnoException, socket: Duplex, { answers, metrics, log }: ListenParts): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const code = error.code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'request_malformed'
  metrics.request('', code)
  const requestId = randomUUID()
  log.info('request_unparsable', { requestId, reason: code, detail: error.code })
  writeAnswerToSocket(socket, answers.outcome(code, { requestId, facts: null, tenant: null, session: null }))
}
