/** The store that the configuration asks for. */
import type { StoreSettings } from '../core/gateway.ts'
import type { Log, SessionStore } from './store.ts'
import { createFileStore } from './store-file.ts'
import { createMemoryStore } from './store-memory.ts'
import { createRedisStore } from './store-redis.ts'

/**
 * @param clock seconds since 1970.
 * @param role `visitor`: beside the gateway that keeps its sessions there.
 * @throws Error where a file cannot be used: it is another gateway's, or its place is not safe.
 */
export function createConfiguredStore(
  settings: StoreSettings,
  log: Log,
  clock: () => number,
  role: 'keeper' | 'visitor' = 'keeper',
): SessionStore {
  switch (settings.type) {
    case 'memory':
      return createMemoryStore({ maxSessions: settings.maxSessions, clock, log })
    case 'file': {
      const { path, maxSessions } = settings
      return createFileStore({ path, maxSessions, clock, log, role })
    }
    case 'redis':
      return createRedisStore({ ...settings, log })
    default:
      return settings satisfies never
  }
}
