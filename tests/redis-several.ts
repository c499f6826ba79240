/** Redis as more than one server, on the loopback: a cluster, and a master behind sentinels. Each server can be killed and come back. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { RedisNodes, RedisSentinels } from '../src/core/gateway.ts'
import { Secret } from '../src/core/secret.ts'
import type { Authority, Pair } from './certificates.ts'
import { until } from './redis.ts'
import { freePort } from './stage.ts'

export interface RedisServer {
  readonly port: number
  /** A client of the test's own. */
  readonly client: Redis
  kill(): Promise<void>
  freeze(): void
  thaw(): void
  restart(): Promise<void>
}

interface Address {
  readonly host: string
  readonly port: number
}

const binary = '/usr/bin/redis-server'
const host = '127.0.0.1'

interface Place {
  readonly folder: string
  /** With a certificate: TLS alone, for everybody. */
  readonly tls: (Pair & { readonly ca: string }) | null
  readonly password?: string | undefined
}

/** @param args of redis-server; the port is ours to choose. */
async function startServer(
  { folder, tls, password }: Place,
  args: (port: number) => readonly string[],
): Promise<RedisServer> {
  const port = await freePort()
  const client = new Redis(port, host, {
    ...{ maxRetriesPerRequest: null, retryStrategy: () => 50 },
    ...(password === undefined ? {} : { password }),
    ...(tls === null ? {} : { tls: { rejectUnauthorized: false } }),
  })
  client.on('error', () => {})
  const listening = tls === null ? ['--port', String(port)] : ['--port', '0', '--tls-port', String(port)]
  const all = [...args(port), ...listening, ...(tls === null ? [] : tlsArguments(join(folder, String(port)), tls))]
  all.push('--bind', host, '--dir', folder)
  const start = () => spawn(binary, all, { stdio: 'ignore' })
  let server: ChildProcess = start()
  await client.ping()
  async function kill(): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return
    const gone = new Promise((resolve) => server.once('exit', resolve))
    server.kill('SIGKILL')
    await gone
  }
  return {
    ...{ port, client, kill },
    freeze: () => server.kill('SIGSTOP'),
    thaw: () => server.kill('SIGCONT'),
    async restart() {
      await kill()
      server = start()
      await client.ping()
    },
  }
}

function tlsArguments(folder: string, tls: Pair & { readonly ca: string }): readonly string[] {
  // Each has its own: one could read what another is just writing.
  mkdirSync(folder)
  const names = { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' } as const
  for (const [kind, name] of Object.entries(names)) writeFileSync(join(folder, name), tls[kind as keyof typeof names])
  const at = (kind: keyof typeof names) => join(folder, names[kind])
  const files = ['--tls-ca-cert-file', at('ca'), '--tls-cert-file', at('cert'), '--tls-key-file', at('key')]
  return [...files, '--tls-auth-clients', 'no', '--tls-replication', 'yes', '--tls-cluster', 'yes']
}

/** One server, without persistence unless the arguments say otherwise. */
export async function startOne(args: readonly string[] = []): Promise<RedisServer & { stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-one-'))
  const server = await startServer({ folder, tls: null }, () => [...memoryOnly, ...args])
  return { ...server, stop: () => stopAll([server], folder) }
}

/** One server whose connections are encrypted. */
export async function startEncrypted(
  authority: Authority,
  names: string,
): Promise<RedisServer & { stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-tls-'))
  const tls = { ...authority.issue(names), ca: authority.cert }
  const server = await startServer({ folder, tls }, () => memoryOnly)
  return { ...server, stop: () => stopAll([server], folder) }
}

const memoryOnly = ['--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0']

export interface TestCluster {
  readonly nodes: readonly Address[]
  /** The first three have a third of the slots each. */
  readonly masters: readonly RedisServer[]
  /** One for each master, where they were asked for. */
  readonly replicas: readonly RedisServer[]
  stop(): Promise<void>
}

/** How the gateway is told of it. */
export function clusterOf({ nodes }: TestCluster): RedisNodes {
  return { nodes, username: null, password: null, natMap: {} }
}

/** Three masters; with `replicas`, each has one that takes its place within two seconds or so. */
export async function startCluster(
  options: { readonly replicas?: boolean; readonly authority?: Authority } = {},
): Promise<TestCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-cluster-'))
  const place = { folder, tls: certificateOf(options.authority) }
  const node = async () => {
    const bus = String(await freePort())
    const own = (port: number) => ['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${port}.conf`]
    return startServer(place, (port) => [
      ...own(port),
      ...['--cluster-port', bus, '--cluster-node-timeout', '1000', '--cluster-replica-validity-factor', '0'],
      ...memoryOnly,
    ])
  }
  const masters = await Promise.all([node(), node(), node()])
  const replicas = options.replicas === true ? await Promise.all([node(), node(), node()]) : []
  const all = [...masters, ...replicas]
  const bounds = [0, 5461, 10_923, 16_384]
  for (const [at, { client }] of masters.entries()) {
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(at + 1))
    await client.call('CLUSTER', 'ADDSLOTSRANGE', String(bounds[at]), String((bounds[at + 1] ?? 0) - 1))
  }
  const [first] = masters
  const busOf = async ({ client }: RedisServer) => String(((await client.config('GET', 'cluster-port')) as string[])[1])
  for (const each of all.slice(1)) {
    await first?.client.call('CLUSTER', 'MEET', host, String(each.port), await busOf(each))
  }
  await until('every node knows every node', async () => {
    const known = await Promise.all(all.map(async ({ client }) => infoOf(client, 'cluster_known_nodes')))
    return known.every((many) => many === String(all.length))
  })
  for (const [at, replica] of replicas.entries()) {
    const id = await masters[at]?.client.call('CLUSTER', 'MYID')
    await replica.client.call('CLUSTER', 'REPLICATE', String(id))
  }
  await until('the cluster is complete', async () => {
    const states = await Promise.all(all.map(({ client }) => infoOf(client, 'cluster_state')))
    return states.every((state) => state === 'ok')
  })
  for (const { client } of replicas) await until('a replica has its master', () => isFollowing(client))
  return {
    nodes: all.map(({ port }) => ({ host, port })),
    ...{ masters, replicas },
    stop: () => stopAll(all, folder),
  }
}

export interface TestSentinels {
  readonly name: string
  readonly sentinels: readonly Address[]
  readonly servers: readonly RedisServer[]
  /** The server that is master now, by the word of the first sentinel. */
  master(): Promise<RedisServer>
  stop(): Promise<void>
}

/** How the gateway is told of it. */
export function sentinelsOf({ name, sentinels }: TestSentinels, password?: string): RedisSentinels {
  const secret = password === undefined ? null : new Secret(password)
  const login = { username: null, password: secret, sentinelUsername: null, sentinelPassword: secret }
  return { name, sentinels, ...login, database: 0, natMap: {} }
}

/** A master with a replica, and three sentinels of which two suffice to replace a master that is silent for a second. */
export async function startSentinels(
  options: { readonly password?: string; readonly authority?: Authority } = {},
): Promise<TestSentinels> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-sentinel-'))
  const place = { folder, tls: certificateOf(options.authority), password: options.password }
  const name = 'sessions'
  const { password } = options
  const locked = password === undefined ? [] : ['--requirepass', password, '--masterauth', password]
  const server = (more: readonly string[] = []) => startServer(place, () => [...memoryOnly, ...locked, ...more])
  const master = await server()
  const replica = await server(['--replicaof', host, String(master.port)])
  const servers = [master, replica]
  await until('the replica has its master', () => isFollowing(replica.client))
  const watching: RedisServer[] = []
  for (let at = 0; at < 3; at += 1) {
    const file = join(folder, `sentinel-${at}.conf`)
    const lines = [
      `sentinel monitor ${name} ${host} ${master.port} 2`,
      `sentinel down-after-milliseconds ${name} 1000`,
      `sentinel failover-timeout ${name} 3000`,
      ...(password === undefined ? [] : [`sentinel auth-pass ${name} ${password}`, `requirepass ${password}`]),
    ]
    writeFileSync(file, `${lines.join('\n')}\n`)
    watching.push(await startServer(place, () => [file, '--sentinel']))
  }
  await until('the sentinels know each other and the replica', async () => {
    const told = await Promise.all(watching.map(({ client }) => client.call('SENTINEL', 'MASTER', name)))
    return told.every((each) => {
      const fields = each as string[]
      const value = (field: string) => fields[fields.indexOf(field) + 1]
      return value('num-other-sentinels') === '2' && value('num-slaves') === '1'
    })
  })
  return {
    name,
    sentinels: watching.map(({ port }) => ({ host, port })),
    servers,
    async master() {
      const said = (await watching[0]?.client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)) as string[]
      const found = servers.find(({ port }) => String(port) === said[1])
      if (found === undefined) throw new Error('the sentinels name a server that is not ours')
      return found
    },
    stop: () => stopAll([...watching, ...servers], folder),
  }
}

function certificateOf(authority: Authority | undefined): Place['tls'] {
  return authority === undefined ? null : { ...authority.issue('IP:127.0.0.1'), ca: authority.cert }
}

async function infoOf(client: Redis, field: string): Promise<string | undefined> {
  const text = String(await client.call('CLUSTER', 'INFO'))
  return new RegExp(`^${field}:(\\S+)`, 'm').exec(text)?.[1]
}

async function isFollowing(client: Redis): Promise<boolean> {
  return (await client.info('replication')).includes('master_link_status:up')
}

async function stopAll(servers: readonly RedisServer[], folder: string): Promise<void> {
  for (const { client, kill } of servers) {
    client.disconnect()
    await kill()
  }
  rmSync(folder, { recursive: true, force: true })
}
