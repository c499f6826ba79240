/** Connections to upstreams: how long they may take, whom they trust, and how long they are kept. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { beforeAll, describe, onTestFinished, test } from 'vitest'
import { createAgents } from '../../src/proxy/agents.ts'
import { call, get, listening, startGate, startRaw, startUpstream, until, upstreamAt } from './stand-ins.ts'

test('createAgents keeps connections per upstream object, so that what a reload leaves stays connected', () => {
  const agents = createAgents()
  const upstream = upstreamAt(1)
  assert.equal(agents.to(upstream), agents.to(upstream))
  assert.notEqual(agents.to(upstream), agents.to(upstreamAt(1)))
})

test('createAgents keeps no connection after close', async () => {
  const upstream = await startUpstream((_request, response) => response.end('ok'))
  const gate = await startGate(upstreamAt(upstream.port))
  await gate.forwarder.close()
  for (let round = 0; round < 2; round++) assert.match(await get(gate.port), /ok$/)
  await until(() => upstream.connections.length === 2 && upstream.connections.every((socket) => socket.destroyed))
})

test('createAgents heeds the time that an upstream says it keeps connections (trap 5)', async () => {
  const raw = await startRaw((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\nContent-Length: 2\r\n\r\nok')
  })
  const gate = await startGate(upstreamAt(raw.port))
  for (let round = 0; round < 2; round++) assert.match(await get(gate.port), /ok$/)
  assert.equal(raw.sockets.length, 1)
  // A second before the upstream would.
  await until(() => raw.sockets[0]?.destroyed === true, 4)
})

test('a connection that does not come about is upstream_timeout, a refused one is not (trap 6)', async () => {
  // A listener that never accepts: once its queue is full, the system drops what comes.
  const script = `const s = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    require('fs').writeSync(1, String(s.address().port)); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) })`
  const deaf = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const fillers: Socket[] = []
  onTestFinished(() => {
    deaf.kill('SIGKILL')
    for (const socket of fillers) socket.destroy()
  })
  const [text] = (await once(deaf.stdout, 'data')) as [Buffer]
  const port = Number(text.toString())
  for (let at = 0; at < 8; at++) fillers.push(connect(port, '127.0.0.1').on('error', () => {}))
  await until(() => fillers.filter((socket) => !socket.connecting).length >= 2)
  const gate = await startGate(upstreamAt(port, { connectTimeoutSeconds: 0.3, firstByteTimeoutSeconds: 60 }))
  assert.match(await get(gate.port), /^HTTP\/1\.1 504 [\s\S]*upstream_timeout$/)
  const refused = await startGate(upstreamAt(1, { connectTimeoutSeconds: 0.3 }))
  assert.match(await get(refused.port), /upstream_unreachable$/)
})

test('a connection limit does not end requests that take longer than it', async () => {
  const upstream = await startUpstream((_request, response) => void setTimeout(() => response.end('slow'), 500))
  const gate = await startGate(upstreamAt(upstream.port, { connectTimeoutSeconds: 0.2 }))
  assert.match(await get(gate.port), /slow$/)
})

describe('an https upstream', () => {
  const secrets: { key: string; cert: string } = { key: '', cert: '' }

  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'certificate-'))
    const files = ['-keyout', join(folder, 'key'), '-out', join(folder, 'cert')]
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
        ...names,
        ...files,
      ],
      { stdio: 'ignore' },
    )
    secrets.key = readFileSync(join(folder, 'key'), 'utf8')
    secrets.cert = readFileSync(join(folder, 'cert'), 'utf8')
    rmSync(folder, { recursive: true })
  })

  async function startSecure() {
    const asked: (string | false | undefined)[] = []
    const server = createServer(secrets, (request, response) => {
      asked.push((request.socket as { servername?: string | false }).servername)
      request.resume().on('end', () => response.end('secure'))
    })
    server.on('upgrade', (_request, socket) => socket.end())
    server.on('tlsClientError', () => {})
    const port = await listening(server)
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    return { port, asked }
  }

  const secureAt = (port: number, hostname: string) =>
    upstreamAt(port, { protocol: 'https:', hostname, origin: `https://${hostname}:${port}` })

  function trust() {
    const before = getCACertificates('default')
    setDefaultCACertificates([...before, secrets.cert])
    onTestFinished(() => setDefaultCACertificates(before))
  }

  test('with a certificate that nobody vouches for is refused, and gets nothing', async () => {
    const { port, asked } = await startSecure()
    const gate = await startGate(secureAt(port, 'localhost'))
    assert.match(await get(gate.port), /^HTTP\/1\.1 502 [\s\S]*upstream_unreachable$/)
    const upgrade =
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n\r\n'
    const caller = call(gate.port, upgrade)
    await until(() => caller.ended() !== null)
    assert.match(caller.text(), /upstream_unreachable$/)
    assert.deepEqual(asked, [])
  })

  test('is asked by its own name and not by the Host header, and its connection is kept', async () => {
    trust()
    const { port, asked } = await startSecure()
    const gate = await startGate(secureAt(port, 'localhost'))
    for (let round = 0; round < 2; round++) assert.match(await get(gate.port), /secure$/)
    assert.deepEqual(asked, ['localhost', 'localhost'])
  })

  test('with a certificate for another name is refused', async () => {
    trust()
    const { port, asked } = await startSecure()
    const gate = await startGate(secureAt(port, '127.0.0.1'))
    assert.match(await get(gate.port, '/', ['Host: localhost']), /upstream_unreachable$|^HTTP\/1\.1 400/)
    const spoofed = await startGate(secureAt(port, '127.0.0.1'), { plan: () => ({ headers: { host: 'localhost' } }) })
    assert.match(await get(spoofed.port), /upstream_unreachable$/)
    assert.deepEqual(asked, [])
  })

  test('that never finishes the handshake is upstream_timeout', async () => {
    const raw = await startRaw(() => {})
    const gate = await startGate(
      upstreamAt(raw.port, { protocol: 'https:', connectTimeoutSeconds: 0.3, firstByteTimeoutSeconds: 60 }),
    )
    assert.match(await get(gate.port), /upstream_timeout$/)
  })
})
