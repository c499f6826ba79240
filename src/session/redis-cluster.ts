/** Connections to a Redis Cluster: commands go where their key is; every master is listened to by itself. */
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { RedisNodes, RedisTls } from '../core/gateway.ts'
import { type AnnouncementParts, createAnnouncements } from './announcements.ts'
import { connectionOptions, hangUp, natMapOf, printable, retryAfter, tlsOptions } from './redis-connection.ts'
import type { scripts } from './redis-scripts.ts'
import type { Change, Changes } from './store.ts'

export interface ClusterSettings {
  readonly cluster: RedisNodes
  readonly tls: RedisTls | null
  readonly protocol: 2 | 3
  readonly scripts: typeof scripts
  /** Called where no node can be reached, with an error that is safe to log. */
  readonly onError: (error: Error) => void
}

/** How often the nodes are asked who serves what: so soon is a replica found that took the place of its master. */
const refreshMilliseconds = 2000

function nodeOptions({ cluster, tls, protocol }: ClusterSettings) {
  const security = tlsOptions(tls)
  return {
    ...connectionOptions(protocol),
    ...(cluster.username === null ? {} : { username: cluster.username }),
    ...(cluster.password === null ? {} : { password: cluster.password.reveal() }),
    ...(security === undefined ? {} : { tls: security }),
  } satisfies RedisOptions
}

/**
 * Opens connections in the background, as `connectRedis` does. Nothing is sent a second time after a connection broke:
 * its caller is told, as with a single server.
 */
export function connectCluster(settings: ClusterSettings): Cluster {
  const { cluster, tls, onError } = settings
  const connection = new Cluster(
    cluster.nodes.map(({ host, port }) => ({ host, port })),
    {
      redisOptions: nodeOptions(settings),
      natMap: natMapOf(cluster.natMap),
      scripts: settings.scripts,
      enableOfflineQueue: false,
      clusterRetryStrategy: retryAfter,
      slotsRefreshInterval: refreshMilliseconds,
      ...{ retryDelayOnFailover: 0, retryDelayOnClusterDown: 0 },
      // Certificates are for names: with TLS these are kept as they are written.
      ...(tls === null ? {} : { dnsLookup: (name, found) => found(null, name) }),
    },
  )
  connection.on('error', (error: unknown) => onError(printable(error)))
  return connection
}

export interface ClusterAnnouncementParts extends Pick<AnnouncementParts, 'channel'> {
  readonly connection: Cluster
  readonly settings: ClusterSettings
  /** Runs a command; its failure becomes the fault of the store. */
  readonly answered: <Reply>(command: () => Promise<Reply>) => Promise<Reply>
}

const lookMilliseconds = 250

/**
 * Announcements of a cluster. A node passes what is published on to all others, but over links that lose messages
 * without a sign. So we listen at every master, to what is published there: each way is proven by a beat of its own, and
 * only with all of them is every change heard.
 */
export function createClusterAnnouncements(parts: ClusterAnnouncementParts): Changes & { stop(): void } {
  const { connection, settings, answered, channel } = parts
  const listeners = new Set<(change: Change) => void>()
  const heard = new Map<string, { readonly changes: ReturnType<typeof createAnnouncements>; end(): void }>()
  let epoch = 1

  function tell(change: Change): void {
    if (change.what === 'gap') epoch += 1
    for (const each of listeners) each(change)
  }

  function listenTo(key: string): void {
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(key) ?? []
    const options = { ...nodeOptions(settings), host, port: Number(port), retryStrategy: retryAfter }
    const listener = new Redis({ ...options, enableOfflineQueue: false })
    listener.on('error', () => {})
    const publish = (message: string) => {
      const node = connection.nodes('master').find((each) => `${each.options.host}:${each.options.port}` === key)
      if (node === undefined) return Promise.reject(new Error('This node is no master now'))
      return answered(() => node.publish(channel, message))
    }
    const changes = createAnnouncements({ listener, publish, channel })
    changes.subscribe(tell)
    heard.set(key, {
      changes,
      end() {
        changes.stop()
        hangUp(listener)
      },
    })
  }

  /** Listens to new masters, and no longer to those that are none. */
  function look(): void {
    const masters = mastersOf(connection)
    // As long as nobody knows who serves what, nothing is taken for granted.
    if (masters === null) return
    for (const [key, each] of heard) {
      if (masters.has(key)) continue
      each.end()
      heard.delete(key)
      tell({ what: 'gap' })
    }
    for (const key of masters) if (!heard.has(key)) listenTo(key)
  }

  const timer = setInterval(look, lookMilliseconds).unref()
  connection.on('refresh', look)

  return {
    subscribe(each) {
      listeners.add(each)
      return () => listeners.delete(each)
    },
    announcing() {
      if (connection.status !== 'ready' || heard.size === 0) return false
      for (const { changes } of heard.values()) if (!changes.announcing()) return false
      return true
    },
    epoch: () => epoch,
    stop() {
      clearInterval(timer)
      connection.off('refresh', look)
      listeners.clear()
      for (const each of heard.values()) each.end()
    },
  }
}

/** Who serves the slots, by `host:port`. Null where a slot is nobody's. */
function mastersOf({ slots }: Cluster): ReadonlySet<string> | null {
  const masters = new Set<string>()
  let before: unknown = null
  for (let slot = 0; slot < 16_384; slot += 1) {
    const nodes = slots[slot]
    if (nodes === before) continue
    before = nodes
    const [master] = nodes ?? []
    if (master === undefined) return null
    masters.add(master)
  }
  return masters
}
