/** WebSockets through the proxy: with a real client and server, and with upstreams and callers that misbehave. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { acceptValue } from '../../src/proxy/websocket-accept.ts'
import { call, get, listening, startGate, startRaw, startUpstream, until, upstreamAt } from './stand-ins.ts'

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const handshake = [
  'GET /ws?a=//b HTTP/1.1',
  'Host: app.example',
  'Connection: keep-alive, Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${key}`,
  '\r\n',
].join('\r\n')
const accepted = [
  'HTTP/1.1 101 Switching Protocols',
  'Connection: Upgrade',
  'Upgrade: websocket',
  `Sec-WebSocket-Accept: ${acceptValue(key)}`,
  '\r\n',
].join('\r\n')

/** A WebSocket server that sends back what it gets. */
async function startEcho() {
  const server = createServer((_request, response) => response.end('page'))
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => {
    socket.on('error', () => {})
    socket.on('message', (message, binary) => socket.send(message, { binary }))
  })
  const port = await listening(server)
  onTestFinished(() => {
    for (const client of sockets.clients) client.terminate()
    server.close()
  })
  return { port, sockets }
}

describe('tunnel', () => {
  test('carries messages both ways, small and large, and closes in order', async () => {
    const { port, sockets } = await startEcho()
    const gate = await startGate(upstreamAt(port))
    const client = new WebSocket(`ws://127.0.0.1:${gate.port}/`)
    await once(client, 'open')
    assert.equal(gate.forwarder.openTunnels(), 1)
    const large = Buffer.alloc(5_000_000, 'y')
    for (const message of [Buffer.from('caf\u00e9'), large]) {
      client.send(message)
      const [back] = (await once(client, 'message')) as [Buffer]
      assert.ok(back.equals(message))
    }
    client.close(1000, 'bye')
    const [code] = await once(client, 'close')
    assert.equal(code, 1000)
    await gate.tunnels[0]?.closed
    await until(() => gate.forwarder.openTunnels() === 0 && sockets.clients.size === 0)
  })

  test('sends the headers of the plan and none of the caller (T102, T32)', async () => {
    const raw = await startRaw((socket) => socket.write(accepted))
    const gate = await startGate(upstreamAt(raw.port), {
      plan: () => ({
        headers: { host: 'app.example', 'x-user': 'ours', 'sec-websocket-key': key, te: 'trailers', upgrade: 'h2c' },
      }),
    })
    const caller = call(gate.port, handshake.replace('Host:', 'X-User: forged\r\nx_user: forged\r\nHost:'))
    await until(() => caller.text().includes('101'))
    assert.equal(
      raw.received[0],
      `GET /ws?a=//b HTTP/1.1\r\nhost: app.example\r\nx-user: ours\r\nsec-websocket-key: ${key}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n`,
    )
  })

  test('keeps the bytes that come with the handshake on either side, in order', async () => {
    const raw = await startRaw((socket, received) => {
      if (socket.bytesWritten === 0) socket.write(`${accepted}first`)
      else if (received.endsWith('later')) socket.write(' second')
    })
    const gate = await startGate(upstreamAt(raw.port))
    const caller = call(gate.port, `${handshake}early `)
    await until(() => caller.text().endsWith('first'))
    caller.socket.write('later')
    await until(() => caller.text().endsWith('\r\n\r\nfirst second'))
    assert.match(raw.received[0] ?? '', /\r\n\r\nearly later$/)
  })

  test('takes our cookies and connection headers off the 101 (T96)', async () => {
    const raw = await startRaw((socket) =>
      socket.write(
        accepted.replace(
          'Sec-',
          'Keep-Alive: 1\r\nSet-Cookie: __Host-sid=x\r\nSet-Cookie: a=caf\u00e9\r\nContent-Length: 5\r\nSec-',
        ),
        'latin1',
      ),
    )
    const gate = await startGate(upstreamAt(raw.port))
    const caller = call(gate.port, handshake)
    await until(() => caller.text().endsWith('\r\n\r\n'))
    assert.equal(
      caller.text(),
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSet-Cookie: a=caf\u00e9\r\nSec-WebSocket-Accept: ${acceptValue(key)}\r\n\r\n`,
    )
  })

  for (const [name, answer] of [
    ['a wrong Sec-WebSocket-Accept', accepted.replace('s3pP', 'S3pP')],
    ['no Sec-WebSocket-Accept', accepted.replace('Sec-WebSocket-Accept', 'X')],
    ['another protocol', accepted.replace('Upgrade: websocket', 'Upgrade: h2c')],
    ['a broken head', 'HTTP/1.1 101 Sw\r\nConn'],
  ] as const) {
    test(`refuses a 101 with ${name} (trap 14)`, async () => {
      const raw = await startRaw((socket) => socket.end(answer))
      const gate = await startGate(upstreamAt(raw.port))
      const caller = call(gate.port, handshake)
      await until(() => caller.ended() !== null)
      assert.match(caller.text(), /^HTTP\/1\.1 502 [\s\S]*upstream_unreachable$/)
      await until(() => raw.sockets[0]?.destroyed === true)
      assert.equal(gate.forwarder.openTunnels(), 0)
    })
  }

  test('fails with a Fault and leaves the socket to be answered (trap 2, trap 9)', async () => {
    const gate = await startGate(upstreamAt(1))
    const caller = call(gate.port, handshake)
    await until(() => caller.ended() !== null)
    assert.match(caller.text(), /^HTTP\/1\.1 502 [\s\S]*upstream_unreachable$/)
  })

  test('fails with upstream_timeout when the upstream is silent', async () => {
    const raw = await startRaw(() => {})
    const gate = await startGate(upstreamAt(raw.port, { firstByteTimeoutSeconds: 0.2 }))
    const caller = call(gate.port, handshake)
    await until(() => caller.ended() !== null)
    assert.deepEqual(gate.ends, ['upstream_timeout'])
    await until(() => raw.sockets[0]?.destroyed === true)
  })

  test('has no time limit once it is open', async () => {
    const raw = await startRaw((socket) => {
      if (socket.bytesWritten === 0) socket.write(accepted)
    })
    const gate = await startGate(upstreamAt(raw.port, { firstByteTimeoutSeconds: 0.1 }))
    const caller = call(gate.port, handshake)
    await until(() => caller.text().includes('101'))
    const began = Date.now()
    await until(() => Date.now() - began > 400)
    raw.sockets[0]?.write('still here')
    await until(() => caller.text().endsWith('still here'))
  })

  for (const [name, answer, expected] of [
    [
      'with a length',
      'HTTP/1.1 403 Forbidden\r\nWWW-Authenticate: NTLM, Basic realm="a"\r\nSet-Cookie: __Host-sid=x\r\nContent-Length: 2\r\n\r\nno',
      /^HTTP\/1\.1 403 Forbidden\r\nWWW-Authenticate: Basic realm="a"\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno$/,
    ],
    [
      'in chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n',
      /^HTTP\/1\.1 200 OK\r\nConnection: close\r\n\r\nno$/,
    ],
    [
      'without a body',
      'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
      /^HTTP\/1\.1 304 Not Modified\r\nETag: "a"\r\nConnection: close\r\n\r\n$/,
    ],
  ] as const) {
    test(`passes on a refusal ${name}, in order and to its end (T119, T96)`, async () => {
      const raw = await startRaw((socket) => socket.write(answer))
      const gate = await startGate(upstreamAt(raw.port))
      const caller = call(gate.port, `${handshake}more`)
      await until(() => caller.ended() !== null && gate.ends.length === 1)
      assert.match(caller.text(), expected)
      assert.equal(caller.ended(), 'end')
      assert.deepEqual(gate.ends, ['refused_by_upstream'])
      await until(() => raw.sockets[0]?.destroyed === true)
    })
  }

  test('passes on a refusal whole although the caller goes on sending', async () => {
    const raw = await startRaw(() => {})
    const gate = await startGate(upstreamAt(raw.port))
    const caller = call(gate.port, handshake)
    await until(() => raw.sockets.length === 1)
    caller.socket.write(Buffer.alloc(300_000))
    raw.sockets[0]?.write('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno')
    await until(() => caller.ended() !== null)
    assert.equal(caller.ended(), 'end')
    assert.match(caller.text(), /no$/)
  })

  test('never ends a refusal cleanly that broke off', async () => {
    const raw = await startRaw((socket) =>
      socket.write('HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n'),
    )
    const gate = await startGate(upstreamAt(raw.port))
    const caller = call(gate.port, handshake)
    await until(() => caller.text().includes('begun'))
    raw.sockets[0]?.resetAndDestroy()
    await until(() => caller.ended() !== null)
    assert.equal(caller.ended(), 'ECONNRESET')
  })

  test('lives through a caller that resets while the gate awaits, and opens nothing (trap 13, T132)', async () => {
    const raw = await startRaw(() => {})
    let reset = () => {}
    const gate = await startGate(upstreamAt(raw.port), {
      before: async (_request, socket) => {
        reset()
        await new Promise((resolve) => socket.once('close', resolve))
      },
    })
    const caller = call(gate.port, handshake)
    reset = () => void caller.socket.resetAndDestroy()
    await until(() => gate.ends.length === 1)
    assert.deepEqual(gate.ends, ['caller_gone'])
    assert.equal(raw.sockets.length, 0)
  })

  test('ends the upstream request when the caller goes before the answer, and needs no listener of the gate', async () => {
    const raw = await startRaw(() => {})
    const gate = await startGate(upstreamAt(raw.port), {
      before: (_request, socket) => void socket.removeAllListeners('error'),
    })
    const caller = call(gate.port, handshake)
    await until(() => raw.sockets.length === 1)
    caller.socket.resetAndDestroy()
    await until(() => gate.ends.length === 1 && raw.sockets[0]?.destroyed === true)
    assert.deepEqual(gate.ends, ['caller_gone'])
  })

  for (const side of ['caller', 'upstream'] as const) {
    for (const manner of ['end', 'resetAndDestroy'] as const) {
      test(`closes both sides when the ${side} goes by ${manner}`, async () => {
        const raw = await startRaw((socket) => {
          if (socket.bytesWritten === 0) socket.write(accepted)
        })
        const gate = await startGate(upstreamAt(raw.port))
        const caller = call(gate.port, handshake)
        await until(() => gate.tunnels.length === 1)
        const upstream = raw.sockets[0]
        if (side === 'caller') caller.socket[manner]()
        else upstream?.[manner]()
        await until(() => caller.socket.destroyed && upstream?.destroyed === true)
        await gate.tunnels[0]?.closed
        assert.equal(gate.forwarder.openTunnels(), 0)
      })
    }
  }

  test('is cut at once, both sides, also when one does not read (T101)', async () => {
    const raw = await startRaw((socket) => {
      if (socket.bytesWritten === 0) socket.write(`${accepted}${'z'.repeat(8_000_000)}`)
    })
    const gate = await startGate(upstreamAt(raw.port))
    const caller = call(gate.port, handshake)
    caller.socket.pause()
    await until(() => gate.tunnels.length === 1)
    gate.tunnels[0]?.cut()
    await gate.tunnels[0]?.closed
    await until(() => raw.sockets[0]?.destroyed === true)
    assert.equal(gate.forwarder.openTunnels(), 0)
  })

  test('is cut by close', async () => {
    const { port } = await startEcho()
    const gate = await startGate(upstreamAt(port))
    const clients = [1, 2, 3].map(() => new WebSocket(`ws://127.0.0.1:${gate.port}/`))
    await Promise.all(clients.map((client) => once(client, 'open')))
    assert.equal(gate.forwarder.openTunnels(), 3)
    const closed = clients.map((client) => once(client, 'close'))
    await gate.forwarder.close()
    await Promise.all(closed)
    await until(() => gate.forwarder.openTunnels() === 0)
  })

  test('holds a fast side back while the other does not read', async () => {
    let pushed = 0
    const raw = await startRaw((socket) => {
      socket.write(accepted)
      const push = () => {
        while (!socket.destroyed && pushed < 500) {
          pushed++
          if (!socket.write(Buffer.alloc(1_000_000))) return void socket.once('drain', push)
        }
      }
      push()
    })
    const gate = await startGate(upstreamAt(raw.port))
    const caller = call(gate.port, handshake)
    await once(caller.socket, 'data')
    caller.socket.pause()
    let last = -1
    // Still when nothing was pushed for a while.
    while (last !== pushed) {
      last = pushed
      const began = Date.now()
      await until(() => Date.now() - began > 200)
    }
    assert.ok(pushed < 100, `${pushed} MB were taken`)
  })
})

test('the package never sees an upgrade, also after ordinary requests (trap 2, T99)', async () => {
  const raw = await startRaw((socket, received) => {
    socket.write(received.includes('Upgrade') ? accepted : 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  })
  const gate = await startGate(upstreamAt(raw.port))
  await get(gate.port)
  gate.server.removeAllListeners('upgrade')
  gate.server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n'))
  const caller = call(gate.port, handshake)
  await until(() => caller.ended() !== null)
  assert.match(caller.text(), /^HTTP\/1\.1 401 /)
  assert.doesNotMatch(raw.received.join(), /upgrade/i)
})

test('an upgrade does not come through the ordinary way', async () => {
  const upstream = await startUpstream((request, response) => response.end(`${request.headers.upgrade}`))
  const gate = await startGate(upstreamAt(upstream.port), {
    plan: () => ({ headers: { host: 'a', upgrade: 'websocket' } }),
  })
  assert.match(await get(gate.port), /undefined$/)
})
