/** The main listener, plain or with TLS, and beside it the plain port that only redirects: they open and end together. */
import type { Address } from '../core/gateway.ts'
import type { Metrics } from '../ops/metrics.ts'
import { openPort, type Port, type PortParts } from './port.ts'
import { createRedirectGate } from './redirect-gate.ts'

export interface Listener extends Port {
  /** Of the plain port that redirects to https, or null. */
  readonly redirectPort: number | null
}

/**
 * Opens what `server` says. Timeouts, limits and certificates follow the configuration in force; addresses, whether TLS is
 * spoken, the size of headers and how long a handshake may take stay as they were when it was opened.
 * @throws Error that names the address if a port cannot be opened; then neither is.
 */
export async function listen(parts: PortParts): Promise<Listener> {
  const { tls } = parts.current().server
  const count = createCounts(parts.metrics)
  const main = await openPort(parts, { dropped: count.dropped, tls: tls === null ? null : count })
  const redirect = await openRedirect(parts, tls?.redirectFrom ?? null, count.dropped).catch(async (error: unknown) => {
    await main.drain(0)
    throw error
  })
  const ports = redirect === null ? [main] : [main, redirect]
  return {
    port: main.port,
    redirectPort: redirect?.port ?? null,
    connections: () => ports.reduce((sum, each) => sum + each.connections(), 0),
    renew() {
      for (const each of ports) each.renew()
    },
    lastAnswers() {
      for (const each of ports) each.lastAnswers()
    },
    async drain(seconds) {
      const clean = await Promise.all(ports.map((each) => each.drain(seconds)))
      return clean.every((each) => each)
    },
  }
}

async function openRedirect(parts: PortParts, address: Address | null, dropped: () => void): Promise<Port | null> {
  if (address === null) return null
  return await openPort({ ...parts, ...createRedirectGate(parts), address }, { dropped, tls: null })
}

function createCounts(metrics: Metrics): { dropped(): void; handshakeFailed(): void } {
  let dropped = 0
  let handshakes = 0
  metrics.counter(
    'sallyport_dropped_connections_total',
    'Connections that were closed at once because there were too many.',
    () => dropped,
  )
  metrics.counter('sallyport_failed_handshakes_total', 'TLS handshakes that failed.', () => handshakes)
  return {
    dropped() {
      dropped += 1
    },
    handshakeFailed() {
      handshakes += 1
    },
  }
}
