/** The gateway as it runs: listeners open, providers being discovered, until it is told to end. */
import type { Gateway } from './core/gateway.ts'
import { createGate } from './http/gate.ts'
import { type Listener, listen } from './http/listen.ts'
import { listenForManagement, type Management } from './http/management.ts'
import { createUpgradeGate } from './http/upgrade.ts'
import type { Log } from './ops/log.ts'
import { createParts, type Parts } from './parts.ts'

export interface Running {
  readonly port: number
  readonly managementPort: number
  /**
   * Ends without losing a request: readiness goes off, answers close their connections, and only after `lameDuckSeconds`,
   * when whoever balances the load has noticed, no more connections are accepted. Then what is in flight may finish.
   */
  end(options: { readonly lameDuckSeconds: number }): Promise<void>
}

/** Resolves when the gateway accepts requests; waits neither for a provider nor for a store. */
export async function serve(gateway: Gateway, log: Log): Promise<Running> {
  const { server } = gateway
  const parts = createParts(gateway, log)
  const { management, main } = await openListeners(gateway, parts, log)
  for (const provider of new Set(gateway.tenants.map((tenant) => tenant.provider))) parts.providers.warm(provider)
  parts.metrics.gauge('sallyport_connections', 'Open connections of callers.', () => main.connections())
  log.info('serving', {
    listen: `${server.listen.host}:${main.port}`,
    management: `${server.management.host}:${management.port}`,
    tenants: gateway.tenants.length,
    sessionStore: gateway.session.store.type,
    version: process.version,
  })
  return {
    port: main.port,
    managementPort: management.port,
    async end({ lameDuckSeconds }) {
      parts.health.drain()
      main.lastAnswers()
      log.info('draining', { connections: main.connections() })
      await new Promise((resolve) => setTimeout(resolve, lameDuckSeconds * 1_000))
      const clean = await main.drain(server.drainSeconds)
      await parts.close()
      await management.close()
      log.info('ended', { clean })
    },
  }
}

/** Both or none: what is half open would keep a process alive that cannot serve. */
async function openListeners(
  { server }: Gateway,
  parts: Parts,
  log: Log,
): Promise<{ readonly management: Management; readonly main: Listener }> {
  let management: Management | null = null
  try {
    management = await listenForManagement(server.management, parts.health, parts.metrics)
    const [gate, upgrade] = [createGate(parts), createUpgradeGate(parts)]
    const { answers, metrics } = parts
    const main = await listen({ address: server.listen, gate, upgrade, answers, metrics, log })
    return { management, main }
  } catch (error) {
    await management?.close()
    await parts.close()
    throw error
  }
}
