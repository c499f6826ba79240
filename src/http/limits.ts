/**
 * How often something may happen: counted by rate-limiter-flexible, in Redis for all replicas together where there is
 * one, and in the memory of this one while it is away. A limiter that fails opens nothing more than that, and refuses
 * nobody.
 */
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { KeyRing } from '../session/seal.ts'
import type { SharedCounting } from '../session/store.ts'

export interface LimitSettings {
  /** Names what is counted; in Redis too, so it is ours and says nothing about anybody. */
  readonly kind: string
  /** How many within the time; 0: there is no limit. */
  readonly most: number
  /** The time, counted from the first. */
  readonly seconds: number
}

export interface Limit {
  /**
   * Counts, and says whether that was too much. To be asked before anything is done, so that many at once gain nothing.
   * @param key whose count it is. Only a keyed hash of it is held, and a short one: see `bucketOf`.
   * @returns null where it is within the limit; otherwise after how many seconds to come again.
   */
  take(key: string, points?: number): Promise<number | null>
  /** Takes it back, where what was allowed is not what the limit is against. */
  giveBack(key: string, points?: number): Promise<void>
}

export type Limits = (settings: LimitSettings) => Limit

export interface LimitsParts {
  /** Where replicas count together; undefined where there is nothing of the kind. */
  readonly shared: SharedCounting | undefined
  readonly ring: Pick<KeyRing, 'indexNames'>
}

/** So many counters has a limit, and no more, whoever comes: neither our memory nor Redis can be filled by addresses (T95). */
export const buckets = 65_536

/** @returns a maker of limits. Two of one kind count together in Redis, and apart in memory. */
export function createLimits({ shared, ring }: LimitsParts): Limits {
  /**
   * The counter of a key. It tells nobody whose it is, and without the secret nobody can look for another key that
   * shares it; that a stranger happens to, is one chance in 65,536.
   */
  function bucketOf(kind: string, key: string): string {
    const [name = ''] = ring.indexNames(JSON.stringify(['limit', kind, key]))
    return Buffer.from(name, 'base64url').subarray(0, 2).toString('hex')
  }

  return function limit({ kind, most, seconds }) {
    if (most === 0) return unlimited
    const counting = { points: most, duration: seconds }
    const memory = new RateLimiterMemory({ ...counting, keyPrefix: kind })
    const limiter =
      shared === undefined
        ? memory
        : new RateLimiterRedis({
            ...counting,
            storeClient: shared.connection,
            keyPrefix: `${shared.prefix}:${kind}`,
            insuranceLimiter: memory,
            // Nobody waits for a Redis that is known to be away.
            rejectIfRedisNotReady: true,
            // A flood asks Redis no more once it is over the limit.
            inMemoryBlockOnConsumed: most + 1,
          })
    return {
      async take(key, points = 1) {
        try {
          await limiter.consume(bucketOf(kind, key), points)
          return null
        } catch (error) {
          if (error instanceof RateLimiterRes) return Math.max(1, Math.ceil(error.msBeforeNext / 1_000))
          throw error
        }
      },
      async giveBack(key, points = 1) {
        await limiter.reward(bucketOf(kind, key), points)
      },
    }
  }
}

const unlimited: Limit = {
  take: () => Promise.resolve(null),
  giveBack: () => Promise.resolve(),
}
