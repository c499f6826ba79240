/** The connections to upstreams: pooled ones per upstream, and ones that serve a single request. */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { checkServerIdentity, createSecureContext, type SecureContext } from 'node:tls'
import type { Upstream, UpstreamTls } from '../core/gateway.ts'
import { guardedLookup, type Resolve } from './resolve.ts'
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
  /**
   * Closes the idle connections of all other upstreams, and keeps no further ones of them. Those in use are left to finish.
   * @param upstreams what the configuration in force names; what was made of them stays as it is.
   */
  keepOnly(upstreams: readonly Upstream[]): void
  /** The same for all upstreams, for good. */
  close(): void
}

/** Agents hang on the upstream object: a reload that leaves an upstream as it was leaves its connections. */
export function createAgents(resolve?: Resolve): Agents {
  const lookup = guardedLookup(resolve)
  const byUpstream = new WeakMap<Upstream, Connections>()
  /** Held weakly: an agent nobody uses any more has no connections either. */
  const made = new Set<WeakRef<Pooled>>()
  /** Null: all. */
  let kept: WeakSet<Upstream> | null = null
  const keeps = (upstream: Upstream) => kept?.has(upstream) ?? true

  function keepOnly(upstreams: readonly Upstream[]): void {
    kept = new WeakSet(upstreams)
    for (const ref of made) {
      const pooled = ref.deref()
      if (pooled === undefined) made.delete(ref)
      else if (!keeps(pooled.upstream)) closeIdle(pooled.shared)
    }
  }

  let closed = false
  return {
    to(upstream) {
      const known = byUpstream.get(upstream)
      if (known !== undefined) return known
      const connections = connectTo(upstream, lookup)
      const { shared } = connections
      const keep = shared.keepSocketAlive.bind(shared)
      shared.keepSocketAlive = (socket) => keeps(upstream) && keep(socket)
      made.add(new WeakRef(connections))
      byUpstream.set(upstream, connections)
      return connections
    },
    keepOnly(upstreams) {
      if (!closed) keepOnly(upstreams)
    },
    close() {
      closed = true
      keepOnly([])
    },
  }
}

interface Pooled extends Connections {
  readonly upstream: Upstream
}

function closeIdle(agent: HttpAgent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
}

function connectTo(upstream: Upstream, lookup: LookupFunction): Pooled {
  const { protocol, port } = upstream
  // A URL writes IPv6 in brackets, a socket does not take them.
  const hostname = upstream.hostname.replace(/^\[(.*)\]$/, '$1')
  const secure = protocol === 'https:' ? secureOptions(upstream.tls, hostname) : null
  const shared = createAgent(upstream, { ...secure, lookup, keepAlive: true })
  const single = createAgent(upstream, { ...secure, lookup, keepAlive: false })
  limitConnecting(shared, upstream)
  limitConnecting(single, upstream)
  return { upstream, target: { protocol, hostname, port }, shared, single }
}

function createAgent(upstream: Upstream, own: HttpsAgentOptions): HttpAgent {
  const { socketPath, firstByteTimeoutSeconds } = upstream
  const options: HttpsAgentOptions & { socketPath?: string } = {
    ...own,
    // Event streams may hold as many connections as there are callers.
    maxSockets: Number.POSITIVE_INFINITY,
    maxFreeSockets: 256,
    scheduling: 'lifo',
    // The limit of silence.ts, which then has nothing to set per request; idle connections close after it too, or earlier
    // where the upstream says so: without any limit, Node would not heed `Keep-Alive: timeout=`.
    timeout: firstByteTimeoutSeconds * 1_000,
    // An agent's options win over a request's: whatever host a request names, it ends up at this socket.
    ...(socketPath === null ? {} : { socketPath }),
  }
  return upstream.protocol === 'http:' ? new HttpAgent(options) : new HttpsAgent(options)
}

/**
 * Whom we believe to be the upstream: certificates for its own name, from the authorities of the configuration or else the
 * well-known ones. An environment that switches the check off (NODE_TLS_REJECT_UNAUTHORIZED) has no say.
 */
function secureOptions(tls: UpstreamTls, hostname: string): HttpsAgentOptions {
  const name = tls.serverName ?? hostname
  const context = secureContext(tls)
  return {
    rejectUnauthorized: true,
    // Without it, Node would take the name in the Host header. An address cannot be asked for by SNI (RFC 6066 section 3).
    servername: isIP(name) === 0 ? name : '',
    checkServerIdentity: (_asked, certificate) => checkServerIdentity(name, certificate),
    ...(context === null ? {} : { secureContext: context }),
  }
}

/**
 * One for all connections. The certificates and the key are not options of the agent: those it writes into the names of its
 * connections, where the key would lie about and be copied with every request.
 */
function secureContext({ ca, clientCertificate }: UpstreamTls): SecureContext | null {
  if (ca === null && clientCertificate === null) return null
  return createSecureContext({
    ...(ca === null ? {} : { ca }),
    ...(clientCertificate === null ? {} : { cert: clientCertificate.chain, key: clientCertificate.key.reveal() }),
  })
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
    const stop = () => {
      clearTimeout(timer)
      socket.removeListener('close', stop)
    }
    socket.once(ready, stop)
    socket.once('close', stop)
    return socket
  }
}
