/** Whether a store that is asked over a network is there: from how its commands end. */
import { Fault } from '../core/fault.ts'
import { printable } from './redis-connection.ts'
import type { Log } from './store.ts'

export interface StoreHealth {
  /** Runs a command; every failure becomes the one fault of this room. */
  answered<Reply>(command: () => Promise<Reply>): Promise<Reply>
  failed(error: Error): void
  isUp(): boolean
  /** What fails from now on was on its way when we hung up, and says nothing about the store. */
  close(): void
}

/**
 * For so long nothing may have failed before it counts as there again, in milliseconds: a store that answers some
 * commands and fails others (one of several nodes away, no memory for writes) would come and go all the time, and so
 * would alarms. Longer than from one beat of the announcements to the next, and twice as long with every relapse.
 */
const calm = { first: 1_000, most: 16_000 }
/** Whoever fails within this time of coming back has had a relapse, in milliseconds. */
const relapseWithin = 10_000

/** @param clock milliseconds, from any beginning */
export function createStoreHealth(log: Log, clock = () => performance.now()): StoreHealth {
  /** null until it has answered, or not, for the first time. */
  let healthy: boolean | null = null
  let failedAt = Number.NEGATIVE_INFINITY
  let backAt = Number.NEGATIVE_INFINITY
  let calmFor = calm.first
  let closed = false

  function failed(error: Error): void {
    if (closed) return
    failedAt = clock()
    if (healthy !== false) {
      calmFor = failedAt - backAt < relapseWithin ? Math.min(2 * calmFor, calm.most) : calm.first
      log.error('session_store_down', { cause: error.message })
    }
    healthy = false
  }

  function worked(): void {
    if (healthy === true || clock() - failedAt < calmFor) return
    if (healthy === false) {
      backAt = clock()
      log.info('session_store_up', {})
    }
    healthy = true
  }

  return {
    failed,
    async answered(command) {
      try {
        const reply = await command()
        worked()
        return reply
      } catch (error) {
        const cause = printable(error)
        failed(cause)
        throw new Fault('session_store_down', { cause })
      }
    },
    isUp: () => healthy === true,
    close() {
      closed = true
    },
  }
}
