/** The connections to upstreams: pooled ones per upstream, and ones that serve a single request. */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Upstream } from '../core/gateway.ts'
import { UpstreamTimeout } from './upstream-failure.ts'

/** Where and how to reach one upstream. */
export interface Connections {
  readonly target: { readonly protocol: string; readonly hostname: string; readonly port: number }
  /** Keep-alive connections, shared by all callers. */
  readonly shared: HttpAgent
  /** A new connection for each request, closed after it. */
  readonly single: HttpAgent
}

export interface Agents {
  /** The same object for the same upstream; it lives as long as the upstream does, or one of its connections. */
  to(upstream: Upstream): Connections
  /** Closes the idle connections and keeps no further ones. Those in use are left to finish. */
  close(): void
}

/** Agents hang on the upstream object: a reload that leaves an upstream as it was leaves its connections. */
export function createAgents(): Agents {
  const byUpstream = new WeakMap<Upstream, Connections>()
  const pool: Pool = { idle: new Set(), open: true }
  return {
    to(upstream) {
      const known = byUpstream.get(upstream)
      if (known !== undefined) return known
      const connections = connectionsTo(upstream, pool)
      byUpstream.set(upstream, connections)
      return connections
    },
    close() {
      pool.open = false
      for (const socket of pool.idle) socket.destroy()
    },
  }
}

/** The idle connections of all agents: what has to be closed at the end, without holding on to the agents. */
interface Pool {
  readonly idle: Set<Duplex>
  open: boolean
}

function connectionsTo(upstream: Upstream, pool: Pool): Connections {
  const { protocol, port } = upstream
  // A URL writes IPv6 in brackets, a socket does not take them.
  const hostname = upstream.hostname.replace(/^\[(.*)\]$/, '$1')
  const shared = createAgent(protocol, hostname, true)
  const single = createAgent(protocol, hostname, false)
  limitConnecting(shared, upstream)
  limitConnecting(single, upstream)
  noteIdle(shared, pool)
  return { target: { protocol, hostname, port }, shared, single }
}

function createAgent(protocol: Upstream['protocol'], hostname: string, keepAlive: boolean): HttpAgent {
  const options = {
    keepAlive,
    // Event streams may hold as many connections as there are callers.
    maxSockets: Number.POSITIVE_INFINITY,
    maxFreeSockets: 256,
    scheduling: 'lifo',
    // For idle connections: shorter than the patience of firewalls, and only with it does Node heed `Keep-Alive: timeout=`.
    timeout: 15_000,
  } as const
  if (protocol === 'http:') return new HttpAgent(options)
  // The certificate must be valid for the upstream's own name: without `servername`, Node would take the name in the Host header.
  return new HttpsAgent({ ...options, rejectUnauthorized: true, servername: isIP(hostname) === 0 ? hostname : '' })
}

/** No connection, TLS included, within the upstream's limit: the request fails with an UpstreamTimeout. */
function limitConnecting(agent: HttpAgent, upstream: Upstream): void {
  const connect = agent.createConnection.bind(agent)
  const ready = upstream.protocol === 'https:' ? 'secureConnect' : 'connect'
  const limit = upstream.connectTimeoutSeconds * 1000
  agent.createConnection = (options, callback) => {
    const socket = connect(options, callback)
    if (!socket) return socket
    const timer = setTimeout(() => socket.destroy(new UpstreamTimeout('connect')), limit)
    const stop = () => clearTimeout(timer)
    socket.once(ready, stop)
    socket.once('close', stop)
    return socket
  }
}

function noteIdle(agent: HttpAgent, pool: Pool): void {
  const connect = agent.createConnection.bind(agent)
  // Node returns whether the connection may be kept; its types do not say so.
  const keep = agent.keepSocketAlive.bind(agent) as (socket: Duplex) => unknown
  const reuse = agent.reuseSocket.bind(agent)
  agent.createConnection = (options, callback) => {
    const socket = connect(options, callback)
    socket?.once('close', () => pool.idle.delete(socket))
    return socket
  }
  agent.keepSocketAlive = (socket) => {
    if (!pool.open || keep(socket) === false) return false
    pool.idle.add(socket)
    return true
  }
  agent.reuseSocket = (socket, request) => {
    pool.idle.delete(socket)
    reuse(socket, request)
  }
}
