/** Connections to https upstreams: whom they trust, under which name, and what they show of ourselves. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls'
import { beforeAll, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { Fault } from '../../src/core/fault.ts'
import type { Upstream, UpstreamTls } from '../../src/core/gateway.ts'
import { createAgents } from '../../src/proxy/agents.ts'
import { createForwarder } from '../../src/proxy/forward.ts'
import { type Authority, asCertificate, createAuthority, createSelfSigned, type Pair } from '../certificates.ts'
import { call, get, listening, planFor, startGate, startRaw, startUpstream, until, upstreamAt } from './stand-ins.ts'

let authority: Authority
let application: Pair
let expired: Pair
let other: Authority
let selfSigned: Pair

beforeAll(() => {
  authority = createAuthority()
  other = createAuthority()
  application = authority.issue('DNS:app.internal,IP:127.0.0.1,IP:::1')
  expired = authority.issue('DNS:app.internal', -1)
  selfSigned = createSelfSigned('DNS:app.internal')
})

/** An application that says whom it was asked for, and who asked. */
async function startSecure(options: ServerOptions = application, path?: string) {
  const asked: (string | false)[] = []
  let connections = 0
  const server = createServer(options, (request, response) => {
    const socket = request.socket as TLSSocket & { servername?: string | false }
    asked.push(socket.servername ?? false)
    response.end(`secure ${socket.getPeerCertificate()?.subject?.CN ?? 'nobody'}`)
  })
  server.on('secureConnection', () => connections++)
  server.on('tlsClientError', () => {})
  new WebSocketServer({ server }).on('connection', (socket, request) => {
    asked.push((request.socket as { servername?: string | false }).servername ?? false)
    socket.send('secure')
  })
  let port = 0
  if (path === undefined) port = await listening(server)
  else await once(server.listen(path), 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port, asked, connections: () => connections }
}

function secureAt(port: number, tls: Partial<UpstreamTls>, changes: Partial<Upstream> = {}): Upstream {
  const hostname = changes.hostname ?? '127.0.0.1'
  const all = { ca: null, clientCertificate: null, serverName: null, ...tls }
  return upstreamAt(port, { protocol: 'https:', origin: `https://${hostname}:${port}`, tls: all, ...changes })
}

/** What the log would say of a request to this upstream; empty if it was answered. */
async function complaintOf(upstream: Upstream): Promise<string> {
  const forwarder = createForwarder()
  let complaint = ''
  const gate = await startUpstream(async (request, response) => {
    const fault: unknown = await forwarder
      .forward(request, response, planFor(request, upstream))
      .catch((error) => error)
    if (!(fault instanceof Fault)) return
    const { cause } = fault
    assert.equal(fault.code, 'upstream_unreachable')
    assert.ok(cause instanceof Error)
    // Nothing of the certificate but its names: they are all that the text holds.
    assert.deepEqual(Object.keys(cause), ['code'])
    assert.doesNotMatch(cause.message, /BEGIN|[A-Za-z0-9+/]{60}/)
    complaint = cause.message
    response.writeHead(502).end()
  })
  await get(gate.port)
  await forwarder.close()
  return complaint
}

/** Makes the tests' authority a well-known one. */
function makeWellKnown(certificate: string): void {
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, certificate])
  onTestFinished(() => setDefaultCACertificates(before))
}

const trusting = () => ({ ca: authority.cert, serverName: 'app.internal' })

for (const [name, certificate, tls, complaint] of [
  ['of an unknown authority', () => application, () => ({ serverName: 'app.internal' }), /leads to no authority/],
  [
    'of another authority than `ca`',
    () => application,
    () => ({ ...trusting(), ca: other.cert }),
    /leads to no authority/,
  ],
  [
    'that brings its own authority along',
    () => ({ ...application, cert: application.cert + authority.cert }),
    () => ({ serverName: 'app.internal' }),
    /an authority that is not trusted/,
  ],
  ['that has expired', () => expired, trusting, /its certificate has expired$/],
  ['that vouches for itself', () => selfSigned, trusting, /self-signed and not trusted/],
  [
    'for another name',
    () => application,
    () => ({ ca: authority.cert, serverName: 'other.internal' }),
    /other names than `serverName`.*DNS:app\.internal/,
  ],
] as const) {
  test(`an upstream with a certificate ${name} gets nothing, and the log says why`, async () => {
    const app = await startSecure(certificate())
    const upstream = secureAt(app.port, tls())
    assert.match(await complaintOf(upstream), complaint)
    const gate = await startGate(upstream)
    const client = new WebSocket(`ws://127.0.0.1:${gate.port}/`)
    await once(client, 'error')
    assert.deepEqual(gate.ends, ['upstream_unreachable'])
    assert.deepEqual(app.asked, [])
  })
}

test('an upstream whose authority is named in `ca` is asked by its server name, and its connection is kept', async () => {
  const app = await startSecure()
  const gate = await startGate(secureAt(app.port, trusting()))
  for (let round = 0; round < 2; round++) assert.match(await get(gate.port), /secure nobody$/)
  assert.deepEqual(app.asked, ['app.internal', 'app.internal'])
  assert.equal(app.connections(), 1)
})

test('an upstream may be its own authority if `ca` says so', async () => {
  const app = await startSecure(selfSigned)
  assert.equal(await complaintOf(secureAt(app.port, { ca: selfSigned.cert, serverName: 'app.internal' })), '')
})

test('`ca` stands in place of the well-known authorities, and not beside them', async () => {
  makeWellKnown(authority.cert)
  const app = await startSecure()
  assert.equal(await complaintOf(secureAt(app.port, { serverName: 'app.internal' })), '')
  assert.match(await complaintOf(secureAt(app.port, { ...trusting(), ca: other.cert })), /trusted/)
})

test('an upstream with an address for a name is verified as an address and asked without a name', async () => {
  const app = await startSecure()
  assert.equal(await complaintOf(secureAt(app.port, { ca: authority.cert })), '')
  assert.deepEqual(app.asked, [false])
  const named = await startSecure(authority.issue('DNS:app.internal'))
  assert.match(await complaintOf(secureAt(named.port, { ca: authority.cert })), /other names/)
  // A server name that is an address, too.
  assert.equal(await complaintOf(secureAt(app.port, { ca: authority.cert, serverName: '127.0.0.1' })), '')
  assert.match(await complaintOf(secureAt(named.port, { ca: authority.cert, serverName: '127.0.0.1' })), /other names/)
})

test('an upstream is verified by its own name and not by the Host header', async () => {
  const app = await startSecure()
  const upstream = secureAt(app.port, { ca: authority.cert, serverName: 'other.internal' })
  const gate = await startGate(upstream, { plan: () => ({ headers: { host: 'app.internal' } }) })
  assert.match(await get(gate.port), /upstream_unreachable$/)
  assert.deepEqual(app.asked, [])
})

test('an upstream is verified although the environment says not to', async () => {
  const { NODE_TLS_REJECT_UNAUTHORIZED: before } = process.env
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  onTestFinished(() => {
    if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
  })
  const app = await startSecure()
  assert.match(await complaintOf(secureAt(app.port, { serverName: 'app.internal' })), /leads to no authority/)
})

test('an upstream that wants a client certificate gets ours, over requests and WebSockets', async () => {
  const app = await startSecure({ ...application, ca: authority.cert, requestCert: true, rejectUnauthorized: true })
  const ours = asCertificate(authority.issue('DNS:gateway.internal'))
  const upstream = secureAt(app.port, { ...trusting(), clientCertificate: ours })
  const gate = await startGate(upstream)
  assert.match(await get(gate.port), /secure issued$/)
  const client = new WebSocket(`ws://127.0.0.1:${gate.port}/`)
  const [message] = (await once(client, 'message')) as [Buffer]
  assert.equal(message.toString(), 'secure')
  client.close()
  await once(client, 'close')
  assert.deepEqual(app.asked, ['app.internal', 'app.internal'])
  const without = await complaintOf(secureAt(app.port, trusting()))
  assert.match(without, /does not accept the client certificate, or wants one/)
})

test('the key of the client certificate is not in the names of connections, nor in the options of the agent', async () => {
  const app = await startSecure()
  const pair = authority.issue('DNS:gateway.internal')
  const upstream = secureAt(app.port, { ...trusting(), clientCertificate: asCertificate(pair) })
  const { shared, target } = createAgents().to(upstream)
  const { request } = await import('node:https')
  const outgoing = request({ ...target, agent: shared })
  outgoing.end()
  const [answer] = await once(outgoing, 'response')
  answer.resume()
  await until(() => Object.keys(shared.freeSockets).length === 1)
  const { options } = shared as unknown as { options: unknown }
  const written = JSON.stringify([Object.keys(shared.freeSockets), options])
  shared.destroy()
  assert.doesNotMatch(written, /PRIVATE KEY|BEGIN/)
})

test('an https upstream on a Unix socket is verified by the name in its URL', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'socket-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const socketPath = join(folder, 'https.sock')
  const app = await startSecure(application, socketPath)
  const at = (hostname: string) => secureAt(1, { ca: authority.cert }, { socketPath, hostname })
  const gate = await startGate(at('app.internal'))
  assert.match(await get(gate.port), /secure nobody$/)
  const client = new WebSocket(`ws://127.0.0.1:${gate.port}/`)
  const [message] = (await once(client, 'message')) as [Buffer]
  assert.equal(message.toString(), 'secure')
  client.close()
  await once(client, 'close')
  assert.deepEqual(app.asked, ['app.internal', 'app.internal'])
  assert.match(await complaintOf(at('other.internal')), /other names/)
})

test('an upstream that speaks no TLS is upstream_unreachable, and the log says why', async () => {
  const plain = await startUpstream((_request, response) => response.end('plain'))
  assert.match(
    await complaintOf(secureAt(plain.port, trusting())),
    /it does not speak TLS here: perhaps the scheme is http$/,
  )
})

test('an https upstream that never finishes the handshake is upstream_timeout', async () => {
  const raw = await startRaw(() => {})
  const gate = await startGate(secureAt(raw.port, {}, { connectTimeoutSeconds: 0.3, firstByteTimeoutSeconds: 60 }))
  const caller = call(gate.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await until(() => caller.ended() !== null)
  assert.match(caller.text(), /upstream_timeout$/)
})
