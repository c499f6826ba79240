/** The store that the configuration asks for. */
import type { StoreSettings } from '../core/gateway.ts'
import type { Log, SessionStore } from './store.ts'
import { createMemoryStore } from './store-memory.ts'
import { createRedisStore } from './store-redis.ts'

/** @param clock seconds since 1970. */
export function createConfiguredStore(settings: StoreSettings, log: Log, clock: () => number): SessionStore {
  switch (settings.type) {
    case 'memory':
      return createMemoryStore({ maxSessions: settings.maxSessions, clock, log })
    case 'redis':
      return createRedisStore({ ...settings, log })
    default:
      return settings satisfies never
  }
}
