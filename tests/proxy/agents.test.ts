/** Connections to upstreams: where they go, how long they may take, and how long they are kept. agents-tls.test.ts: whom they trust. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { Upstream } from '../../src/core/gateway.ts'
import { createAgents } from '../../src/proxy/agents.ts'
import { call, get, startGate, startRaw, startUpstream, until, upstreamAt } from './stand-ins.ts'

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

/** An application on a Unix socket, which also speaks WebSocket. */
async function startOnSocket() {
  const folder = mkdtempSync(join(tmpdir(), 'socket-'))
  const path = join(folder, 'http.sock')
  const server = createServer((request, response) => response.end(`local ${request.headers.host}${request.url}`))
  new WebSocketServer({ server }).on('connection', (socket) => socket.send('local'))
  let connections = 0
  server.on('connection', () => connections++)
  server.listen(path)
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true })
  })
  return { path, connections: () => connections }
}

describe('an upstream on a Unix socket', () => {
  test('gets requests, whatever host and port its URL names, and its connection is kept', async () => {
    const app = await startOnSocket()
    const gate = await startGate(upstreamAt(1, { socketPath: app.path, hostname: 'nowhere.invalid' }))
    for (const path of ['/a//b?c', '/d'])
      assert.match(await get(gate.port, path), new RegExp(`local app.example${path.replace('?', '.')}$`))
    assert.equal(app.connections(), 1)
  })

  test('gets WebSockets', async () => {
    const gate = await startGate(upstreamAt(1, { socketPath: (await startOnSocket()).path }))
    const client = new WebSocket(`ws://127.0.0.1:${gate.port}/`)
    const [message] = (await once(client, 'message')) as [Buffer]
    assert.equal(message.toString(), 'local')
    client.close()
    await once(client, 'close')
  })

  test('that is not there is upstream_unreachable', async () => {
    const gate = await startGate(upstreamAt(1, { socketPath: '/nowhere/http.sock' }))
    assert.match(await get(gate.port), /^HTTP\/1\.1 502 [\s\S]*upstream_unreachable$/)
  })
})

describe('keepOnly', () => {
  /** A gate that sends each request where `to` says at that time. */
  async function startSwitch(first: Upstream) {
    const way = { to: first }
    const gate = await startGate(first, { plan: () => ({ upstream: way.to }) })
    return { gate, way }
  }

  test('closes the idle connections of upstreams that are gone, and leaves those of the others', async () => {
    const [staying, going] = [await startUpstream(ok), await startUpstream(ok)]
    const [stays, goes] = [upstreamAt(staying.port), upstreamAt(going.port)]
    const { gate, way } = await startSwitch(stays)
    await get(gate.port)
    way.to = goes
    await get(gate.port)
    gate.forwarder.keepOnly([stays])
    await until(() => going.connections[0]?.destroyed === true)
    way.to = stays
    await get(gate.port)
    assert.deepEqual(
      staying.connections.map((socket) => socket.destroyed),
      [false],
    )
  })

  test('lets a request under way finish, and its connection is not kept', async () => {
    let finish = () => {}
    const upstream = await startUpstream((_request, response) => {
      response.write('begun ')
      finish = () => void response.end('done')
    })
    const gate = await startGate(upstreamAt(upstream.port))
    const caller = call(gate.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => caller.text().includes('begun'))
    gate.forwarder.keepOnly([])
    assert.equal(upstream.connections[0]?.destroyed, false)
    finish()
    await until(() => caller.text().endsWith('done\r\n0\r\n\r\n'))
    await until(() => upstream.connections[0]?.destroyed === true)
    assert.deepEqual(gate.ends, ['answered'])
  })

  test('lets a request that was decided before it, and comes after it, through without keeping its connection', async () => {
    const upstream = await startUpstream(ok)
    const gate = await startGate(upstreamAt(upstream.port))
    gate.forwarder.keepOnly([])
    assert.match(await get(gate.port), /ok$/)
    await until(() => upstream.connections[0]?.destroyed === true)
  })

  test('keeps connections of an upstream that comes back', async () => {
    const upstream = await startUpstream(ok)
    const model = upstreamAt(upstream.port)
    const gate = await startGate(model)
    await get(gate.port)
    gate.forwarder.keepOnly([])
    gate.forwarder.keepOnly([model])
    for (let round = 0; round < 3; round++) await get(gate.port)
    assert.equal(upstream.connections.length, 2)
  })

  test('keeps nothing once the forwarder is closed', async () => {
    const upstream = await startUpstream(ok)
    const model = upstreamAt(upstream.port)
    const gate = await startGate(model)
    await gate.forwarder.close()
    gate.forwarder.keepOnly([model])
    await get(gate.port)
    await until(() => upstream.connections[0]?.destroyed === true)
  })

  test('leaves sockets where they were over 100 reloads, whatever changes', async () => {
    const [staying, changing] = [await startUpstream(ok), await startUpstream(ok)]
    const stays = upstreamAt(staying.port)
    const { gate, way } = await startSwitch(stays)
    const agents: WeakRef<Upstream>[] = []
    for (let reload = 0; reload < 100; reload++) {
      const changed = upstreamAt(changing.port, { connectTimeoutSeconds: 1 + reload })
      agents.push(new WeakRef(changed))
      gate.forwarder.keepOnly([stays, changed])
      for (const upstream of [stays, changed]) {
        way.to = upstream
        assert.match(await get(gate.port), /ok$/)
      }
    }
    way.to = stays
    const open = () => changing.connections.filter((socket) => !socket.destroyed).length
    await until(() => open() === 1)
    assert.equal(changing.connections.length, 100)
    assert.equal(staying.connections.length, 1)
    gate.forwarder.keepOnly([stays])
    await until(() => open() === 0)
    await get(gate.port)
    // What hung on the old upstreams has gone with them.
    await until(() => {
      collectGarbage()
      return agents.filter((each) => each.deref() !== undefined).length <= 2
    })
  })
})

function ok(_request: unknown, response: { end(text: string): unknown }): void {
  response.end('ok')
}

setFlagsFromString('--expose-gc')
/** Otherwise what is measured is how lazy the collector is. */
const collectGarbage: () => void = runInNewContext('gc')
