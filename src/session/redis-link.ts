/** The way to Redis, wherever it is: one server, a master behind sentinels, or a cluster. */
import type { RedisCommander } from 'ioredis'
import type { RedisPlace, RedisTls } from '../core/gateway.ts'
import { createAnnouncements } from './announcements.ts'
import { connectCluster, createClusterAnnouncements } from './redis-cluster.ts'
import { connectRedis, hangUp } from './redis-connection.ts'
import { scripts } from './redis-scripts.ts'
import { watchSentinels } from './redis-sentinel.ts'
import type { Changes } from './store.ts'

export type RedisCommands = RedisCommander<{ type: 'default' }>

export interface RedisLinkParts {
  readonly place: RedisPlace
  readonly tls: RedisTls | null
  readonly protocol: 2 | 3
  /** Where changes are published. */
  readonly channel: string
  /** Called for every failure of a connection, with an error that is safe to log. */
  readonly onError: (error: Error) => void
  /** Runs a command; its failure becomes the fault of the store. */
  readonly answered: <Reply>(command: () => Promise<Reply>) => Promise<Reply>
}

export interface RedisLink {
  readonly commands: RedisCommands
  readonly changes: Changes
  /** Whether a command would be sent now. */
  isOpen(): boolean
  close(): void
}

/** Opens the connections in the background: one for commands, others that listen. */
export function openRedisLink(parts: RedisLinkParts): RedisLink {
  return 'cluster' in parts.place ? clusterLink(parts, parts.place) : serverLink(parts, parts.place)
}

type ServerPlace = Exclude<RedisPlace, { readonly cluster: unknown }>

function serverLink(parts: RedisLinkParts, place: ServerPlace): RedisLink {
  const { tls, protocol, channel, onError, answered } = parts
  const redis = connectRedis({ place, tls, protocol, onError }, { enableAutoPipelining: true, scripts })
  const listener = connectRedis({ place, tls, protocol, onError: () => {} })
  const publish = (message: string) => answered(() => redis.publish(channel, message))
  const changes = createAnnouncements({ listener, publish, channel })
  const switches =
    'sentinel' in place
      ? watchSentinels(place.sentinel, tls, () => {
          hangUp(redis, 'reconnect')
          hangUp(listener, 'reconnect')
        })
      : null
  return {
    commands: redis,
    changes,
    isOpen: () => redis.status === 'ready',
    close() {
      changes.stop()
      switches?.close()
      hangUp(redis)
      hangUp(listener)
    },
  }
}

function clusterLink(
  parts: RedisLinkParts,
  { cluster }: Extract<RedisPlace, { readonly cluster: unknown }>,
): RedisLink {
  const { tls, protocol, channel, onError, answered } = parts
  const settings = { cluster, tls, protocol, scripts, onError }
  const connection = connectCluster(settings)
  const changes = createClusterAnnouncements({ connection, settings, answered, channel })
  return {
    commands: connection,
    changes,
    isOpen: () => connection.status === 'ready',
    close() {
      changes.stop()
      connection.disconnect()
    },
  }
}
