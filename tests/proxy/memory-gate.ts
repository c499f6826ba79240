/** A gate in a process of its own, which tells its parent how much memory it holds. Argument: the upstream's port. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Upstream } from '../../src/core/gateway.ts'
import { createForwarder } from '../../src/proxy/forward.ts'

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

const server = createServer((request, response) => {
  const headers = { host: 'app.example' }
  forwarder.forward(request, response, {
    upstream,
    target: request.url ?? '/',
    headers,
    ownCookieNames: [],
    bindCookie: (line) => line,
    requested: '/',
    signedIn: false,
    strictTransport: null,
    policy: null,
    body: null,
  })
})
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port })
  setInterval(() => process.send?.({ megabytes: process.memoryUsage.rss() / 1e6 }), 50)
})
process.on('disconnect', () => process.exit())
