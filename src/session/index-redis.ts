/** Which sessions belong to a person, a tenant, a provider: sets of keys in Redis, and when such a group was ended. */
import type { Result } from 'ioredis'
import type { RedisCommands } from './redis-link.ts'
import type { Remembered, SessionStore } from './store.ts'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    sallyportIndex(name: string, key: string, endsAt: number, now: number): Result<number, Context>
    sallyportEndBefore(times: string, name: string, at: number, keepSeconds: number): Result<number, Context>
  }
}

export const indexScripts = {
  // Scored by when a session ends at the latest, so that its idle time can be prolonged without a word to any index.
  sallyportIndex: {
    numberOfKeys: 1,
    lua: `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
local left = math.ceil(tonumber(ARGV[2]) - tonumber(ARGV[3])) + 60
if redis.call('TTL', KEYS[1]) < left then redis.call('EXPIRE', KEYS[1], left) end
return 1`,
  },
  // Times only go forward; what is too old goes out.
  sallyportEndBefore: {
    numberOfKeys: 1,
    lua: `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', tonumber(ARGV[2]) - tonumber(ARGV[3]))
local before = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not before or tonumber(before) < tonumber(ARGV[2]) then redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1]) end
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1`,
  },
} as const

/** As long as a session may live by the configuration at the very most: nothing can come back that began before. */
const lastingSeconds = 90 * 86_400
/** Longer than a sign-in may take; the index finds everything that was there. */
const passingSeconds = 900
const pageSize = 200

export interface RedisIndexParts {
  readonly redis: RedisCommands
  readonly prefix: string
  /** Runs a command; its failure becomes the fault of the store. */
  readonly answered: <Reply>(command: () => Promise<Reply>) => Promise<Reply>
}

type Walking = Pick<SessionStore, 'walk' | 'endBefore' | 'endedBefore' | 'endings'>

export interface RedisIndex extends Walking {
  add(key: string, names: readonly string[], endsAt: number): Promise<void>
  remove(key: string, names: readonly string[]): Promise<void>
}

/** No command touches more than one key, so that a cluster may keep them wherever it likes. */
export function createRedisIndex({ redis, prefix, answered }: RedisIndexParts): RedisIndex {
  const group = (name: string) => `${prefix}:index:${name}`
  const times = (remembered: Remembered) => `${prefix}:ended:${remembered}`

  async function latest(remembered: Remembered, names: readonly string[]): Promise<number> {
    const found = await answered(() => redis.zmscore(times(remembered), ...names))
    return Math.max(...found.map((score) => (score === null ? Number.NEGATIVE_INFINITY : Number(score))))
  }

  return {
    async add(key, names, endsAt) {
      const now = Date.now() / 1_000
      await Promise.all(names.map((name) => answered(() => redis.sallyportIndex(group(name), key, endsAt, now))))
    },
    async remove(key, names) {
      await Promise.all(names.map((name) => answered(() => redis.zrem(group(name), key))))
    },
    async *walk(name) {
      let cursor = '0'
      do {
        const [next, found] = await answered(() => redis.zscan(group(name), cursor, 'COUNT', pageSize))
        // Members and scores take turns.
        yield found.filter((_, at) => at % 2 === 0)
        cursor = next
      } while (cursor !== '0')
    },
    async endBefore(name, at, remembered) {
      const keep = remembered === 'lasting' ? lastingSeconds : passingSeconds
      await answered(() => redis.sallyportEndBefore(times(remembered), name, at, keep))
    },
    async endedBefore(names) {
      return Math.max(...(await Promise.all([latest('lasting', names), latest('passing', names)])))
    },
    async endings() {
      const found = await answered(() => redis.zrange(times('lasting'), '0', '-1', 'WITHSCORES'))
      // Version 3 of the protocol answers with pairs.
      const flat: readonly string[] = found.flat()
      return new Map(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, Number(flat[at + 1])] as const] : [])))
    },
  }
}
