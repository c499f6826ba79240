/** New sessions are written to Redis by connect-redis, which is given a client that never writes over one. */
import { RedisStore } from 'connect-redis'
import type { SessionData } from 'express-session'
import type { RedisCommands } from './redis-link.ts'
import type { NewRecords } from './store.ts'

/** What connect-redis is given as a session: the sealed record and how long it lives. */
interface Written extends SessionData {
  readonly record: string
  readonly ttlSeconds: number
}

class KeyTaken extends Error {}

/**
 * connect-redis on a client of ours whose SET only creates. The tokens are written first: a session that can be read
 * always has its tokens.
 */
export function createRedisWriter(redis: RedisCommands, prefix: string) {
  const store = new RedisStore({
    prefix,
    client: {
      async set(name: string, value: string, _ex: 'EX', ttlSeconds: number) {
        if ((await redis.set(name, value, 'EX', ttlSeconds, 'NX')) === null) throw new KeyTaken()
      },
    },
    serializer: {
      stringify: (session) => (session as Written).record,
      parse: () => {
        throw new Error('Records are read past connect-redis')
      },
    },
    ttl: (session) => (session as Written).ttlSeconds,
  })

  return {
    async create(session: string, { facts, tokens, stub, ttlSeconds }: NewRecords): Promise<boolean> {
      // A time that is not positive would make connect-redis delete instead of write.
      const ttl = Math.max(1, Math.ceil(ttlSeconds))
      try {
        for (const [kind, value] of [
          ['tokens', tokens],
          ['stub', stub],
          ['facts', facts],
        ] as const) {
          const written = { record: `1 ${value}`, ttlSeconds: ttl } as Written
          await store.set(`{${session}}:${kind}`, written)
        }
        return true
      } catch (error) {
        if (error instanceof KeyTaken) return false
        throw error
      }
    },
  }
}
