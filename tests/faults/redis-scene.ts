/** The Redis of a place, behind a door where it is one server; each kind with what can be done to it. */
import { redisMissing } from '../redis.ts'
import { type RedisServer, startCluster, startOne, startSentinels } from '../redis-several.ts'
import { type Door, openDoor } from './tcp-door.ts'

export type RedisKind =
  | 'none'
  /** One server that keeps nothing. */
  | 'plain'
  /** One server that has on disk what it has answered. */
  | 'kept'
  | 'sentinel'
  | 'cluster'

export interface RedisScene {
  /** What stands behind `store:`. */
  readonly yaml: string
  /** Of one server: the way to it. */
  readonly door: Door | null
  /** The servers, the master first; with a cluster the three masters. */
  readonly servers: readonly RedisServer[]
  stop(): Promise<void>
}

export async function startRedisScene(kind: RedisKind): Promise<RedisScene> {
  if (kind === 'none') return { yaml: '{ type: memory }', door: null, servers: [], stop: async () => {} }
  if (redisMissing()) throw new Error('redis-server is missing')
  if (kind === 'sentinel') {
    const { name, sentinels, servers, stop } = await startSentinels()
    const places = sentinels.map(({ host, port }) => `${host}:${port}`)
    return { yaml: `{ type: redis, sentinel: { name: ${name}, sentinels: [${places}] } }`, door: null, servers, stop }
  }
  if (kind === 'cluster') {
    const { nodes, masters, stop } = await startCluster({ replicas: true })
    const places = nodes.map(({ host, port }) => `${host}:${port}`)
    return { yaml: `{ type: redis, cluster: { nodes: [${places}] } }`, door: null, servers: masters, stop }
  }
  const server = await startOne(kind === 'kept' ? ['--appendonly', 'yes', '--appendfsync', 'always'] : [])
  const door = await openDoor(() => server.port)
  return {
    yaml: `{ type: redis, url: 'redis://127.0.0.1:${door.port}' }`,
    ...{ door, servers: [server] },
    async stop() {
      await door.close()
      await server.stop()
    },
  }
}
