/** What Redis does for us in one step, and as what the client knows it. */
import type { Result } from 'ioredis'
import { indexScripts } from './index-redis.ts'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    sallyportUpdate(...keysThenValues: string[]): Result<string, Context>
    sallyportExtend(...keysThenSeconds: string[]): Result<number, Context>
    sallyportEnd(...keysThenMessage: string[]): Result<number, Context>
    sallyportLease(key: string, owner: string, ttlSeconds: number): Result<string, Context>
    sallyportRelease(key: string, owner: string, next: string, ttlSeconds: number): Result<number, Context>
    sallyportTake(key: string): Result<string | null, Context>
    sallyportCount(key: string, by: string, seconds: string): Result<[number, number], Context>
  }
}

export const scripts = {
  ...indexScripts,
  // Version first, then the sealed value: `3 1.Zm9v.YmFy`. KEEPTTL: a write is not activity.
  sallyportUpdate: {
    numberOfKeys: 3,
    lua: `
local stored = redis.call('GET', KEYS[1])
if not stored then return 'gone' end
if string.match(stored, '^%d+') ~= ARGV[1] then return 'conflict' end
if ARGV[3] ~= '' then redis.call('SET', KEYS[2], ARGV[3], 'XX', 'KEEPTTL') end
if ARGV[6] ~= '' then redis.call('SET', KEYS[3], ARGV[6], 'XX', 'KEEPTTL') end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 'updated'`,
  },
  sallyportExtend: {
    numberOfKeys: 3,
    lua: `
if redis.call('EXPIRE', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('EXPIRE', KEYS[2], ARGV[1])
redis.call('EXPIRE', KEYS[3], ARGV[1])
return 1`,
  },
  sallyportEnd: {
    numberOfKeys: 3,
    lua: `
local removed = redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return removed`,
  },
  sallyportLease: {
    numberOfKeys: 1,
    lua: `
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return owner end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return ARGV[1]`,
  },
  sallyportRelease: {
    numberOfKeys: 1,
    lua: `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
return 1`,
  },
  // As rate-limiter-flexible would do it: a counter that lost its end gets one, and so none stays for ever.
  sallyportCount: {
    numberOfKeys: 1,
    lua: `
redis.call('SET', KEYS[1], 0, 'EX', ARGV[2], 'NX')
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('EXPIRE', KEYS[1], ARGV[2])
  left = 1000 * ARGV[2]
end
return {count, left}`,
  },
  sallyportTake: {
    numberOfKeys: 1,
    lua: `
local kept = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
return kept`,
  },
}
