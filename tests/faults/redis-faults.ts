/** What can happen to the store of sessions. */

import type { RedisServer } from '../redis-several.ts'
import { type Fault, storeAway } from './fault.ts'
import type { Place, Wish } from './place.ts'

const two = { redis: 'plain', gateways: 2 } as const satisfies Wish

function server({ redis }: Place): RedisServer {
  const [first] = redis.servers
  if (first === undefined) throw new Error('this place has no Redis')
  return first
}

/** Writes fail, and reads go on: a session is found, and neither made nor ended. */
const readOnly = {
  ...storeAway,
  'sign-out': ['503 sign_out_unfinished', '503 session_store_down'],
} as const

export const redisFaults: readonly Fault[] = [
  {
    name: 'redis-stopped',
    what: 'Redis stands still, and goes on',
    ...{ wish: two, right: storeAway, losesNothing: true },
    begin: (place) => server(place).freeze(),
    end: (place) => server(place).thaw(),
  },
  {
    name: 'redis-restarted',
    what: 'Redis is killed and starts again with what it had written',
    ...{ wish: { ...two, redis: 'kept' }, right: storeAway, losesNothing: true },
    begin: (place) => server(place).kill(),
    end: (place) => server(place).restart(),
  },
  {
    name: 'redis-emptied',
    what: 'Redis is replaced by an empty one: its sessions are gone, which is counted apart',
    ...{
      wish: two,
      right: {
        ...storeAway,
        socket: ['cut', '401', '503'],
        'sign-out': [...(storeAway['sign-out'] ?? []), '200'],
        refused: [...(storeAway.refused ?? []), '401 login_required'],
      },
      losesNothing: true,
      losesSessions: true,
    },
    begin: (place) => server(place).kill(),
    end: (place) => server(place).restart(),
  },
  {
    name: 'redis-read-only',
    what: 'Redis has become a replica, and takes no writes',
    ...{ wish: two, right: readOnly, losesNothing: true },
    async begin(place) {
      await server(place).client.config('SET', 'replica-serve-stale-data', 'yes')
      await server(place).client.replicaof('127.0.0.1', 1)
    },
    async end(place) {
      await server(place).client.replicaof('NO', 'ONE')
    },
  },
  {
    name: 'redis-full',
    what: 'Redis has no memory left for writes',
    ...{ wish: two, right: readOnly, losesNothing: true },
    async begin(place) {
      await server(place).client.config('SET', 'maxmemory-policy', 'noeviction')
      await server(place).client.config('SET', 'maxmemory', '1')
    },
    async end(place) {
      await server(place).client.config('SET', 'maxmemory', '0')
    },
  },
  {
    name: 'redis-slow',
    what: 'every word to and from Redis takes 150 ms',
    ...{ wish: two, right: {}, losesNothing: true },
    begin: ({ redis }) => redis.door?.set({ does: 'delay', milliseconds: 150 }),
    end: ({ redis }) => redis.door?.set({ does: 'pass' }),
  },
  {
    name: 'redis-cut-off',
    what: 'the network to Redis swallows everything, and nobody is told',
    ...{ wish: two, right: storeAway, losesNothing: true },
    begin: ({ redis }) => redis.door?.set({ does: 'swallow' }),
    end: ({ redis }) => redis.door?.set({ does: 'pass' }),
  },
  {
    name: 'redis-failover',
    what: 'the master behind Sentinel is killed, and its replica takes over',
    ...{ wish: { ...two, redis: 'sentinel' }, right: storeAway, losesNothing: true, seconds: 6 },
    begin: (place) => server(place).kill(),
    end: () => {},
  },
  {
    name: 'redis-cluster',
    what: 'a master of three in a cluster is killed, and its replica takes over',
    ...{ wish: { ...two, redis: 'cluster' }, right: storeAway, losesNothing: true, seconds: 6 },
    begin: (place) => server(place).kill(),
    end: () => {},
  },
]
