/** The composition root: from a compiled configuration to the parts that serve it. Everything is made here, and handed on. */
import type { Gateway, SessionPolicy } from './core/gateway.ts'
import { createAnswers } from './http/answers.ts'
import { createCallback } from './http/callback.ts'
import { createCallerReader } from './http/caller.ts'
import { createEndpoints } from './http/endpoints.ts'
import type { GateParts } from './http/gate.ts'
import { createLogin } from './http/login.ts'
import { createLogout } from './http/logout.ts'
import { createRefuse } from './http/refusals.ts'
import { createRounds } from './http/rounds.ts'
import { createProviders, type Providers } from './oidc/provider.ts'
import { createHealth, type Health } from './ops/health.ts'
import type { Log } from './ops/log.ts'
import { createMetrics } from './ops/metrics.ts'
import { createPages } from './pages/render.ts'
import { createForwarder } from './proxy/forward.ts'
import { createKeyRing } from './session/seal.ts'
import { createSessions } from './session/sessions.ts'
import type { SessionStore } from './session/store.ts'
import { createMemoryStore } from './session/store-memory.ts'
import { createRedisStore } from './session/store-redis.ts'
import { createTransactions } from './session/transaction.ts'
import { createSessionWriter } from './session/writer.ts'

export interface Parts extends GateParts {
  readonly store: SessionStore
  readonly providers: Providers
  readonly health: Health
  /** Ends timers and connections; what is in flight must be over. */
  close(): Promise<void>
}

/** @param clock seconds since 1970. */
export function createParts(gateway: Gateway, log: Log, clock: () => number = () => Date.now() / 1_000): Parts {
  const metrics = createMetrics()
  const health = createHealth()
  const ring = createKeyRing(gateway.session.secrets)
  const store = createStore(gateway.session, log, clock)
  const sessions = createSessions({ store, ring, policy: gateway.session, clock, log })
  const writer = createSessionWriter({ sessions, ring })
  const transactions = createTransactions({ store, ring, clock })
  const providers = createProviders({ log })
  const forwarder = createForwarder({ log })
  const answers = createAnswers(createPages())
  const rounds = createRounds(clock)
  const refuse = createRefuse({ answers, log })
  const login = createLogin({ answers, refuse, providers, transactions, metrics, rounds })
  const callback = createCallback({ answers, login, providers, transactions, writer, rounds, metrics, log, clock })
  const logout = createLogout({ answers, refuse, providers, sessions, writer, rounds, metrics, log })
  const endpoints = createEndpoints({ answers, refuse, login, callback, logout, writer })
  const readCaller = createCallerReader(gateway.server.trustedProxies)

  metrics.gauge('sallyport_tunnels', 'Open WebSockets.', () => forwarder.openTunnels())
  metrics.gauge('sallyport_session_store_ready', '1 while the session store answers.', () =>
    store.ready() === 'ready' ? 1 : 0,
  )
  health.part('sessionStore', () => store.ready())
  for (const provider of new Set(gateway.tenants.map((tenant) => tenant.provider))) {
    health.part(`provider:${provider.name}`, () => providers.state(provider))
  }
  return {
    ...{ gateway, sessions, forwarder, endpoints, login, answers, readCaller, metrics, log, health, store, providers },
    async close() {
      providers.close()
      sessions.close()
      await forwarder.close()
      await store.close()
    },
  }
}

function createStore({ store }: SessionPolicy, log: Log, clock: () => number): SessionStore {
  switch (store.type) {
    case 'memory':
      return createMemoryStore({ maxSessions: store.maxSessions, clock, log })
    case 'redis':
      return createRedisStore({ url: store.url, prefix: store.prefix, log })
    default:
      return store satisfies never
  }
}
