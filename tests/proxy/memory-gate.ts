/** A gate in a process of its own, which forwards everything, WebSockets too, and tells its parent how much memory it holds. Argument: the upstream's port. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Upstream } from '../../src/core/gateway.ts'
import { createForwarder } from '../../src/proxy/forward.ts'
import type { ForwardPlan } from '../../src/proxy/plan.ts'

const port = Number(process.argv[2])
const origin = `http://127.0.0.1:${port}`
const upstream: Upstream = {
  protocol: 'http:',
  hostname: '127.0.0.1',
  port,
  origin,
  socketPath: null,
  tls: { ca: null, clientCertificate: null, serverName: null },
  connectTimeoutSeconds: 5,
  firstByteTimeoutSeconds: 60,
  idleTimeoutSeconds: 0,
}
const forwarder = createForwarder()

function planFor({ url, headers }: IncomingMessage): ForwardPlan {
  const key = headers['sec-websocket-key']
  return {
    upstream,
    target: url ?? '/',
    headers: { host: 'app.example', ...(key === undefined ? {} : { 'sec-websocket-key': key }) },
    ownCookieNames: [],
    bindCookie: (line) => line,
    requested: '/',
    signedIn: false,
    strictTransport: null,
    policy: null,
    body: null,
  }
}

const server = createServer((request, response) => {
  forwarder.forward(request, response, planFor(request))
})
server.on('upgrade', (request, socket, head) => {
  forwarder.tunnel(socket, head, planFor(request))
})
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port })
  setInterval(() => process.send?.({ megabytes: process.memoryUsage.rss() / 1e6 }), 50)
})
process.on('disconnect', () => process.exit())
