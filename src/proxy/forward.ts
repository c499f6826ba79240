/**
 * Forwards a request to its upstream, on http-proxy-middleware. The one file that assigns `request.headers` and `request.url`
 * of what is forwarded.
 * Each way in which the package could surprise us is closed here or in the files beside it, and has a test in tests/proxy.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { type Duplex, Readable } from 'node:stream'
import { createProxyMiddleware, type Plugin } from 'http-proxy-middleware'
import { bindsConnection } from '../core/answer/connection.ts'
import type { Upstream } from '../core/gateway.ts'
import { type Connections, createAgents } from './agents.ts'
import { createPassage, type ForwardOutcome, isGone, type Passage, type Reins } from './passage.ts'
import type { ForwardPlan, ProxyLog } from './plan.ts'
import { bodyFraming, framedAs, outgoingHeaders } from './request-headers.ts'
import type { Resolve } from './resolve.ts'
import { createTunnels, type OnRefusal, type Tunnel, type TunnelRefusal } from './tunnel.ts'

export interface Forwarder {
  /**
   * Sends the request as the plan says and passes the answer on. Takes over `request` and `response`.
   * @param reins how it can be ended before its time.
   * @returns when the answer is finished (`answered`), when the caller has gone, or when the upstream broke off in the
   * middle of its answer (the caller's connection is then cut); `caller_too_slow` and `recalled` when the reins said so
   * before an answer began: the upstream was let go, and the response is free to be written; `cut` when they did later.
   * @throws Fault `upstream_unreachable` or `upstream_timeout` while nothing of an answer was sent: the response is then
   * free to be written. Any other error is a defect, under the same condition.
   */
  forward(request: IncomingMessage, response: ServerResponse, plan: ForwardPlan, reins?: Reins): Promise<ForwardOutcome>
  /**
   * The same for an upgrade that the gate has found to be a WebSocket handshake.
   * @returns the open tunnel once the upstream has accepted (101 with a valid Sec-WebSocket-Accept); `refused_by_upstream`
   * once any other answer of it was passed on and the socket ended; `refused` is told when that begins.
   * @throws Fault as `forward`, while nothing was written to the socket.
   */
  tunnel(socket: Duplex, head: Buffer, plan: ForwardPlan, refused?: OnRefusal): Promise<Tunnel | TunnelRefusal>
  openTunnels(): number
  /**
   * After a reload: closes the idle connections of every upstream that is not among these, and keeps no further ones of it.
   * Requests and WebSockets under way are left to finish.
   */
  keepOnly(upstreams: readonly Upstream[]): void
  /** Cuts the open tunnels and closes the idle upstream connections. Requests under way are left to finish. */
  close(): Promise<void>
}

export function createForwarder(options: { readonly log?: ProxyLog; readonly resolve?: Resolve } = {}): Forwarder {
  const agents = createAgents(options.resolve)
  const tunnels = createTunnels(agents)
  const send = createSender()
  return {
    forward(request, response, plan, reins = { tooSlow: null, recall: null }) {
      return new Promise((resolve, reject) => {
        if (isGone(request, response)) return resolve('caller_gone')
        if (reins.tooSlow?.aborted) return resolve('caller_too_slow')
        const framing = plan.body === null ? request.headers : framedAs(plan.body.bytes)
        const way = wayOf(request.method ?? '', framing, plan)
        const connections = agents.to(plan.upstream)
        request.headers = outgoingHeaders(request.method ?? '', framing, plan.headers) as typeof request.headers
        const agent = way.alone ? connections.single : connections.shared
        const { repeatable } = way
        const { log } = options
        const journey = { request, response, plan, reins, connections, agent, repeatable, send, resolve, reject, log }
        send(createPassage(journey))
      })
    },
    tunnel: tunnels.open,
    openTunnels: () => tunnels.count(),
    keepOnly: (upstreams) => agents.keepOnly(upstreams),
    async close() {
      tunnels.cutAll()
      agents.close()
    },
  }
}

/**
 * Whether a request may share a connection, and whether it may be sent again. Alone go
 * - requests with a body: an upstream that answers without reading it takes it for the next request, with headers of the
 *   attacker's choice (T120), and a body cannot be sent again if a kept connection turns out to be closed;
 * - credentials that authenticate the connection, which would make the next caller this person (T119).
 */
function wayOf(method: string, framing: IncomingHttpHeaders, plan: ForwardPlan) {
  const bodiless = bodyFraming(framing) === 'none'
  const { authorization } = plan.headers
  return {
    alone: !bodiless || bindsConnection(authorization),
    repeatable: bodiless && repeatableMethods.has(method),
  }
}

const repeatableMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** A target of our own making: the package hands it back with every event, and so tells us whose event it is. */
type Target = Connections['target'] & { readonly passage: Passage }

/**
 * The function that puts a request on the wire. One instance of the package serves all upstreams, since each adds a
 * listener to the server. The package asks the router before it first waits, so one variable tells the router what it
 * needs; a map by request, weak or not, costs the garbage collector a fifth of the whole request.
 */
function createSender(): (passage: Passage) => void {
  let starting: Passage | null = null
  const middleware = createProxyMiddleware({
    router: (request, _response, chosen): Target => {
      const passage = starting
      starting = null
      if (passage?.journey.request !== request) throw new TypeError('a request without a plan')
      const { plan, agent, connections } = passage.journey
      request.url = plan.target
      chosen.agent = agent
      // The package reads from this in place of the request.
      if (plan.body !== null) chosen.buffer = Readable.from([plan.body.bytes])
      const { protocol, hostname, port } = connections.target
      return { protocol, hostname, port, passage }
    },
    // The default plugins answer errors themselves, with what the caller sent in the text.
    ejectPlugins: true,
    plugins: [tellPassages],
    // The package would join repeated headers and overwrite `Connection`: relay.ts writes the answer.
    selfHandleResponse: true,
    // It would take upgrades past every check: tunnel.ts.
    ws: false,
    xfwd: false,
    changeOrigin: false,
    secure: true,
  })
  return (passage) => {
    const { request, response } = passage.journey
    starting = passage
    // The package parses the URL before it asks the router, and skips the request if it cannot: it gets to see `/`.
    request.url = '/'
    middleware(request, response, passage.failed).catch(passage.failed)
  }
}

/** Listeners go in by a plugin: with the default plugins, `on:` is ejected too. */
const tellPassages: Plugin = (proxy) => {
  proxy.on('proxyReq', (outgoing, _request, _response, options) => passageOf(options.target)?.connected(outgoing))
  proxy.on('error', (error, _request, _response, target) => passageOf(target)?.failed(error))
}

function passageOf(target: unknown): Passage | undefined {
  return (target as Partial<Target> | undefined)?.passage
}
