/** Looking after sessions from outside of the gateways that serve them. */
import type { SessionPolicy } from '../core/gateway.ts'
import { createConfiguredStore } from './configured-store.ts'
import { createEndings, type Endings } from './endings.ts'
import { createKeyRing } from './seal.ts'
import type { Log } from './store.ts'

export interface SessionKeeping extends Endings {
  /** Whether the store has answered; it is asked from the beginning. */
  ready(): boolean
  close(): Promise<void>
}

/**
 * @param clock seconds since 1970.
 * @returns null where sessions are in the memory of the gateway: nobody else can reach them.
 * @throws Error where they should be in a file, and there is none that may be opened.
 */
export function createSessionKeeping(policy: SessionPolicy, log: Log, clock: () => number): SessionKeeping | null {
  if (policy.store.type === 'memory') return null
  const store = createConfiguredStore(policy.store, log, clock, 'visitor')
  const endings = createEndings({ store, ring: createKeyRing(policy.secrets), clock })
  return { ...endings, ready: () => store.ready() === 'ready', close: () => store.close() }
}
