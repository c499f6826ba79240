/** The main listener: limits, what could not be parsed, and an end that loses no request. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Address } from '../core/gateway.ts'
import type { Log } from '../ops/log.ts'
import type { Answers } from './answers.ts'
import type { Gate } from './gate.ts'
import type { UpgradeGate } from './upgrade.ts'
import { writeAnswerToSocket } from './writers.ts'

export interface Listener {
  readonly port: number
  /** Connections that are open now. */
  connections(): number
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
  readonly log: Log
}

const limits = {
  maxHeaderSize: 16_384,
  headersTimeout: 30_000,
  // An upload may take as long as it needs.
  requestTimeout: 0,
  // Longer than a load balancer keeps its idle connections, so that it closes first and no request meets a closed socket.
  keepAliveTimeout: 75_000,
} as const

export async function listen({ address, gate, upgrade, answers, log }: ListenParts): Promise<Listener> {
  const server = createServer(limits)
  const sockets = new Set<Socket>()
  let inFlight = 0
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('request', (request, response) => {
    inFlight += 1
    response.on('close', () => {
      inFlight -= 1
    })
    gate(request, response)
  })
  server.on('upgrade', upgrade)
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) =>
    refuseUnparsable(error, socket, answers, log),
  )
  await open(server, address)
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => sockets.size,
    async drain(seconds) {
      const deadline = performance.now() + seconds * 1_000
      server.close()
      while (inFlight > 0 && performance.now() < deadline) {
        server.closeIdleConnections()
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      const clean = inFlight === 0
      for (const socket of sockets) socket.destroy()
      return clean
    },
  }
}

async function open(server: Server, { host, port }: Address): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** What Node's parser refuses: smuggling tricks, too many headers, no HTTP at all. Nothing of it is repeated (T93). */
function refuseUnparsable(error: NodeJS.ErrnoException, socket: Duplex, answers: Answers, log: Log): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const code = error.code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'request_malformed'
  log.info('request_unparsable', { reason: code, detail: error.code })
  writeAnswerToSocket(socket, answers.outcome(code, { requestId: '-', facts: null, tenant: null, session: null }))
}
