/** The connections to upstreams: pooled ones per upstream, and ones that serve a single request. */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { isIP } from 'node:net'
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
  /** Held weakly: an agent nobody uses any more has no connections either. */
  const made = new Set<WeakRef<HttpAgent>>()
  let closed = false
  return {
    to(upstream) {
      const known = byUpstream.get(upstream)
      if (known !== undefined) return known
      const connections = connectionsTo(upstream)
      if (closed) keepNone(connections.shared)
      for (const ref of made) if (ref.deref() === undefined) made.delete(ref)
      made.add(new WeakRef(connections.shared))
      byUpstream.set(upstream, connections)
      return connections
    },
    close() {
      closed = true
      for (const ref of made) {
        const agent = ref.deref()
        if (agent !== undefined) keepNone(agent)
      }
    },
  }
}

/** Closes the connections that an agent keeps, and lets it keep no further ones. */
function keepNone(agent: HttpAgent): void {
  agent.keepSocketAlive = () => false
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
}

function connectionsTo(upstream: Upstream): Connections {
  const { protocol, port } = upstream
  // A URL writes IPv6 in brackets, a socket does not take them.
  const hostname = upstream.hostname.replace(/^\[(.*)\]$/, '$1')
  const shared = createAgent(upstream, hostname, true)
  const single = createAgent(upstream, hostname, false)
  limitConnecting(shared, upstream)
  limitConnecting(single, upstream)
  return { target: { protocol, hostname, port }, shared, single }
}

function createAgent({ protocol, firstByteTimeoutSeconds }: Upstream, hostname: string, keepAlive: boolean): HttpAgent {
  const options = {
    keepAlive,
    // Event streams may hold as many connections as there are callers.
    maxSockets: Number.POSITIVE_INFINITY,
    maxFreeSockets: 256,
    scheduling: 'lifo',
    // The limit of first-byte.ts, which then has nothing to set per request; idle connections close after it too, or earlier
    // where the upstream says so: without any limit, Node would not heed `Keep-Alive: timeout=`.
    timeout: firstByteTimeoutSeconds * 1_000,
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
