/** The gateway's own doors without its configuration file: from a compiled model to open ports, in this process. */
import type { Certificate, Gateway, ServerSettings, Tenant } from '../../src/core/gateway.ts'
import { Secret } from '../../src/core/secret.ts'
import { createGate } from '../../src/http/gate.ts'
import { type Listener, listen } from '../../src/http/listen.ts'
import { createUpgradeGate } from '../../src/http/upgrade.ts'
import { createLog } from '../../src/ops/log.ts'
import { createParts } from '../../src/parts.ts'
import { gateway, route, tenant, toUpstream, upstream } from '../core/build.ts'

export interface Listening {
  readonly listener: Listener
  /** `http://localhost:<port>`, or https. */
  readonly origin: string
  /** Of the plain port that redirects. */
  readonly plain: string
  /** As a reload does it. */
  replace(next: Gateway): void
  metrics(): Promise<string>
  log(): readonly Record<string, unknown>[]
  close(): Promise<void>
}

export async function startListening(first: Gateway): Promise<Listening> {
  const lines: string[] = []
  const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } })
  const parts = createParts(first, log)
  const gates = { gate: createGate(parts), upgrade: createUpgradeGate(parts).take }
  const listener = await listen({ ...parts, ...gates, address: first.server.listen })
  const scheme = first.server.tls === null ? 'http' : 'https'
  return {
    listener,
    origin: `${scheme}://localhost:${listener.port}`,
    plain: `http://localhost:${listener.redirectPort}`,
    replace(next) {
      parts.replace(next)
      listener.renew()
    },
    metrics: async () => (await parts.metrics.text()).body,
    log: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    async close() {
      await listener.drain(0)
      await parts.close()
    },
  }
}

/** A model with other settings of the server, and with secrets. */
export function gatewayWith(server: Partial<ServerSettings>, ...tenants: readonly Tenant[]): Gateway {
  const built = gateway(...tenants)
  const session = { ...built.session, secrets: [new Secret('a session secret of the tests, 32 bytes')] }
  return { ...built, session, server: { ...built.server, ...server } }
}

/** A tenant at `https://<name>.example` that lets everybody through to a port of this machine. */
export function openTenant(name: string, port: number, certificate: Certificate | null = null): Tenant {
  const at = { ...upstream, hostname: '127.0.0.1', port, origin: `http://127.0.0.1:${port}` }
  const to = toUpstream({ upstream: at, host: `${name}.example` })
  return tenant({
    name,
    certificate,
    publicUrl: { scheme: 'https', host: `${name}.example`, origin: `https://${name}.example` },
    routes: [route('/', 'public', { to }), route('/private', 'signed-in', { to })],
  })
}
