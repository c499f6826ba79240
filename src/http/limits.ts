/** How often something may happen; in the memory of this replica. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

export interface Limit {
  take(key: string, points?: number): Promise<number | null>
  giveBack(key: string, points?: number): Promise<void>
}

export type Limits = (settings: { readonly kind: string; readonly most: number; readonly seconds: number }) => Limit

export function createLimits(): Limits {
  return function limit({ kind, most, seconds }) {
    const limiter = new RateLimiterMemory({ points: most, duration: seconds, keyPrefix: kind })
    return {
      async take(key, points = 1) {
        try {
          await limiter.consume(key, points)
          return null
        } catch (error) {
          if (error instanceof RateLimiterRes) return Math.max(1, Math.ceil(error.msBeforeNext / 1_000))
          throw error
        }
      },
      async giveBack(key, points = 1) {
        await limiter.reward(key, points)
      },
    }
  }
}
