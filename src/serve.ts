/** The gateway as it runs: listeners open, providers being discovered, the configuration exchanged, until it is told to end. */
import type { Gateway } from './core/gateway.ts'
import { isSame } from './core/same.ts'
import { createGate } from './http/gate.ts'
import { type Listener, listen } from './http/listen.ts'
import { listenForManagement, type Management } from './http/management.ts'
import { createUpgradeGate } from './http/upgrade.ts'
import type { AdjustableLog } from './ops/log.ts'
import { createParts, type Parts } from './parts.ts'

export interface Running {
  readonly port: number
  readonly managementPort: number
  /**
   * From now on every request is judged by this configuration; requests under way finish on theirs. What it would not let
   * through is cut, and open WebSockets that it would not let through in the same way.
   */
  replace(gateway: Gateway): Replaced
  /** Tells that the written configuration cannot be used, and that the one in force is therefore older; null: that this is over. */
  stale(issue: string | null): void
  /**
   * Ends without losing a request: readiness goes off, answers close their connections, and only after `lameDuckSeconds`,
   * when whoever balances the load has noticed, no more connections are accepted. Then what is in flight may finish.
   */
  end(options: { readonly lameDuckSeconds: number }): Promise<void>
}

/** What a new configuration changed; of the names of tenants, the first twenty. */
export interface Replaced {
  readonly tenants: number
  readonly added: readonly string[]
  readonly changed: readonly string[]
  readonly removed: readonly string[]
  readonly tunnelsCut: number
  readonly requestsCut: number
}

/** Resolves when the gateway accepts requests; waits neither for a provider nor for a store. */
export async function serve(first: Gateway, log: AdjustableLog): Promise<Running> {
  const { server } = first
  const parts = createParts(first, log)
  const { management, main } = await openListeners(parts, first)
  let stale: string | null = null
  /** Settings that have changed and wait for the next start. */
  let waiting: readonly string[] = []
  parts.warm()
  parts.health.part('configuration', () => stale ?? 'current')
  parts.health.part('restartNeeded', () => waiting)
  parts.metrics.gauge(
    'sallyport_restart_needed',
    'How many settings have changed that are read at the start only.',
    () => waiting.length,
  )
  parts.metrics.gauge('sallyport_connections', 'Open connections of callers.', () => main.connections())
  parts.metrics.gauge(
    'sallyport_configuration_stale',
    '1 while the written configuration cannot be used, and an older one is in force.',
    () => (stale === null ? 0 : 1),
  )
  log.info('serving', {
    listen: `${server.listen.host}:${main.port}`,
    management: `${server.management.host}:${management.port}`,
    tls: server.tls !== null,
    tenants: first.tenants.length,
    sessionStore: first.session.store.type,
    version: process.version,
  })
  return {
    port: main.port,
    managementPort: management.port,
    replace(next) {
      const before = parts.current()
      const needed = restartNeeded(first, next)
      if (needed.length > 0 && !isSame(needed, waiting)) log.warn('restart_needed', { settings: needed })
      waiting = needed
      parts.replace(next)
      main.renew()
      parts.metrics.reload('taken')
      const cut = parts.lasting.reconsider()
      return { ...difference(before, next), tunnelsCut: cut.websocket, requestsCut: cut.stream }
    },
    stale(issue) {
      if (issue !== null) parts.metrics.reload('refused')
      stale = issue
    },
    async end({ lameDuckSeconds }) {
      parts.health.drain()
      main.lastAnswers()
      log.info('draining', { connections: main.connections() })
      await new Promise((resolve) => setTimeout(resolve, lameDuckSeconds * 1_000))
      const clean = await main.drain(parts.current().server.drainSeconds)
      await parts.close()
      await management.close()
      log.info('ended', { clean })
    },
  }
}

/** Both or none: what is half open would keep a process alive that cannot serve. */
async function openListeners(
  parts: Parts,
  { server }: Gateway,
): Promise<{ readonly management: Management; readonly main: Listener }> {
  let management: Management | null = null
  try {
    management = await listenForManagement(server.management, parts.health, parts.metrics)
    const { answers, metrics, log, current, lasting } = parts
    const main = await listen({
      ...{ address: server.listen, gate: createGate(parts), upgrade: createUpgradeGate(parts).take },
      ...{ current, answers, metrics, log, lasting },
    })
    return { management, main }
  } catch (error) {
    await management?.close()
    await parts.close()
    throw error
  }
}

/** Settings that were read when the listeners and the store were opened, and that the next start takes. */
function restartNeeded({ server, session }: Gateway, next: Gateway): readonly string[] {
  const fixed = {
    'server.listen': [server.listen, next.server.listen],
    'server.management': [server.management, next.server.management],
    'server.tls': [server.tls !== null, next.server.tls !== null],
    'server.tls.redirectFrom': [server.tls?.redirectFrom, next.server.tls?.redirectFrom],
    'server.limits.headers': [server.limits.headerBytes, next.server.limits.headerBytes],
    'session.store': [session.store, next.session.store],
  }
  return Object.entries(fixed).flatMap(([name, [before, now]]) => (isSame(before, now) ? [] : [name]))
}

function difference(before: Gateway, next: Gateway) {
  const [known, now] = [before, next].map(({ tenants }) => new Map(tenants.map((tenant) => [tenant.name, tenant])))
  const added = [...(now?.keys() ?? [])].filter((name) => known?.has(name) !== true)
  const removed = [...(known?.keys() ?? [])].filter((name) => now?.has(name) !== true)
  const changed = next.tenants
    .filter((tenant) => (known?.get(tenant.name) ?? tenant) !== tenant)
    .map(({ name }) => name)
  const few = (names: readonly string[]) => names.slice(0, 20)
  return { tenants: next.tenants.length, added: few(added), changed: few(changed), removed: few(removed) }
}
