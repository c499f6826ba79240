/**
 * The management listener: `/healthz`, `/readyz`, `/metrics`. Exact paths, no secrets, no dependence on the Host. Nothing comes
 * here through a gateway: the author of one tenant could name it as an upstream, and read of all others (T125).
 */
import { createServer } from 'node:http'
import { hopsName } from '../core/answer/hops.ts'
import type { Address } from '../core/gateway.ts'
import type { Health } from '../ops/health.ts'
import type { Metrics } from '../ops/metrics.ts'
import { open } from './open.ts'

export interface Management {
  readonly port: number
  close(): Promise<void>
}

export async function listenForManagement(address: Address, health: Health, metrics: Metrics): Promise<Management> {
  const server = createServer(async (request, response) => {
    const asked = request.headers[hopsName] === undefined ? (request.url ?? '') : ''
    // A figure that cannot be worked out must not end the process.
    const answer = await answerOf(asked, health, metrics).catch(() => failed)
    response.writeHead(answer.status, { 'Content-Type': answer.type, 'Cache-Control': 'no-store' })
    response.end(answer.body)
  })
  const port = await open(server, address)
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const failed = { status: 500, type: 'text/plain', body: 'failed\n' } as const

async function answerOf(path: string, health: Health, metrics: Metrics) {
  switch (path) {
    case '/healthz':
      // The event loop answers: that is all it says. A dependency that is away is no reason to be restarted.
      return { status: 200, type: 'text/plain', body: 'ok\n' }
    case '/readyz': {
      const { ready, detail } = health.report()
      return { status: ready ? 200 : 503, type: 'application/json', body: `${JSON.stringify({ ready, detail })}\n` }
    }
    case '/metrics': {
      const { contentType, body } = await metrics.text()
      return { status: 200, type: contentType, body }
    }
    default:
      return { status: 404, type: 'text/plain', body: 'not found\n' }
  }
}
