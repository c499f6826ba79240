/** The limits on how long an upstream is silent: they hit silence of the upstream, and nothing else. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { describe, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { type Exchange, watchIdle } from '../../src/proxy/silence.ts'
import { call, get, startGate, startRaw, startUpstream, until, upstreamAt } from './stand-ins.ts'

const elapsed = async (milliseconds: number) => {
  const began = Date.now()
  await until(() => Date.now() - began >= milliseconds)
}

test('watchFirstByte ends a request to a silent upstream as upstream_timeout, and closes the connection (trap 6)', async () => {
  const raw = await startRaw(() => {})
  const gate = await startGate(upstreamAt(raw.port, { firstByteTimeoutSeconds: 0.2 }))
  assert.match(await get(gate.port), /^HTTP\/1\.1 504 [\s\S]*upstream_timeout$/)
  await until(() => raw.sockets[0]?.destroyed === true)
})

test('watchFirstByte ends it on a connection that was used before, too, and does not send it again', async () => {
  let requests = 0
  const upstream = await startUpstream((_request, response) => {
    requests++
    if (requests === 1) response.end('ok')
  })
  const gate = await startGate(upstreamAt(upstream.port, { firstByteTimeoutSeconds: 0.2 }))
  assert.match(await get(gate.port), /ok$/)
  assert.match(await get(gate.port), /upstream_timeout$/)
  assert.equal(requests, 2)
  assert.equal(upstream.connections.length, 1)
})

test('watchFirstByte ends an upload that the upstream does not take', async () => {
  const raw = await startRaw((socket) => void socket.pause())
  const gate = await startGate(upstreamAt(raw.port, { firstByteTimeoutSeconds: 0.3 }))
  const size = 50_000_000
  const caller = call(gate.port, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
  caller.socket.write(Buffer.alloc(size))
  await until(() => caller.text().endsWith('upstream_timeout'))
})

test('watchFirstByte leaves an upload alone that makes progress, and one whose caller pauses', async () => {
  const upstream = await startUpstream((request, response) => {
    let received = ''
    request.on('data', (chunk) => {
      received += chunk
    })
    request.on('end', () => response.end(received))
  })
  const gate = await startGate(upstreamAt(upstream.port, { firstByteTimeoutSeconds: 0.2 }))
  const caller = call(gate.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n')
  for (const part of ['a', 'b', 'c', 'd', 'e', 'f']) {
    await elapsed(part === 'd' ? 500 : 100)
    caller.socket.write(part)
  }
  await until(() => caller.text().endsWith('abcdef'))
})

test('watchFirstByte still ends a request after its caller had paused', async () => {
  const raw = await startRaw(() => {})
  const gate = await startGate(upstreamAt(raw.port, { firstByteTimeoutSeconds: 0.2 }))
  const caller = call(gate.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na')
  await elapsed(500)
  assert.deepEqual(gate.ends, [])
  caller.socket.write('b')
  await until(() => caller.text().endsWith('upstream_timeout'))
})

test('watchFirstByte has no say after the head: a quiet event stream lives (trap 6)', async () => {
  const upstream = await startUpstream((request, response) => {
    response.flushHeaders()
    request.socket.once('data', () => {})
    setTimeout(() => response.end('late'), 600)
  })
  const gate = await startGate(upstreamAt(upstream.port, { firstByteTimeoutSeconds: 0.2 }))
  assert.match(await get(gate.port), /200 OK[\s\S]*late/)
})

const idle = (port: number, seconds = 0.2) => upstreamAt(port, { idleTimeoutSeconds: seconds })
const cut = (port: number, reason: string) => [
  { event: 'upstream_broke', fields: { upstream: `http://127.0.0.1:${port}`, reason } },
]

describe('watchIdle', () => {
  for (const [name, head, version, ending] of [
    ['chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n', '1.1', 'end'],
    ['sized', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun', '1.1', 'end'],
    ['that the end of its connection delimits', 'HTTP/1.1 200 OK\r\n\r\nbegun', '1.0', 'ECONNRESET'],
    ['without a first byte of its body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n', '1.1', 'end'],
  ] as const) {
    test(`cuts an answer ${name} that stands still, so that its caller notices`, async () => {
      const raw = await startRaw((socket) => void socket.write(head))
      const gate = await startGate(idle(raw.port))
      const caller = call(gate.port, `GET / HTTP/${version}\r\nHost: a\r\n\r\n`)
      await until(() => caller.ended() !== null)
      assert.match(caller.text(), /^HTTP\/1\.1 200 /)
      assert.doesNotMatch(caller.text(), /\r\n0\r\n\r\n$/)
      assert.equal(caller.ended(), ending)
      assert.deepEqual(gate.ends, ['upstream_broke'])
      assert.deepEqual(gate.log, cut(raw.port, 'idle'))
      await until(() => raw.sockets[0]?.destroyed === true)
    })
  }

  test('leaves an answer alone that goes on, however long it takes', async () => {
    const raw = await startRaw(async (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\n')
      for (const letter of 'slowly!!') {
        await elapsed(100)
        socket.write(letter)
      }
    })
    const gate = await startGate(idle(raw.port, 0.3))
    assert.match(await get(gate.port), /slowly!!$/)
    assert.deepEqual(gate.log, [])
  })

  test('has no say with 0: a quiet stream lives', async () => {
    const upstream = await startUpstream((_request, response) => {
      response.write('begun ')
      setTimeout(() => response.end('late'), 600)
    })
    const gate = await startGate(upstreamAt(upstream.port, { firstByteTimeoutSeconds: 0.2, idleTimeoutSeconds: 0 }))
    assert.match(await get(gate.port), /begun [\s\S]*late/)
  })

  test('begins with the head: what the upstream needs before counts against the other limit', async () => {
    const upstream = await startUpstream((_request, response) => {
      setTimeout(() => {
        response.write('begun ')
        setTimeout(() => response.end('done'), 50)
      }, 500)
    })
    const gate = await startGate(idle(upstream.port))
    assert.match(await get(gate.port), /begun [\s\S]*done/)
  })

  test('does not count the time in which the caller reads nothing', async () => {
    const size = 30_000_000
    const upstream = await startUpstream((_request, response) => void response.end(Buffer.alloc(size, 'x')))
    const gate = await startGate(idle(upstream.port))
    const caller = call(gate.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    let received = 0
    caller.socket.removeAllListeners('data').on('data', (bytes: Buffer) => {
      received += bytes.length
    })
    await once(caller.socket, 'data')
    caller.socket.pause()
    await elapsed(1_000)
    assert.deepEqual(gate.ends, [])
    caller.socket.resume()
    await until(() => received >= size && gate.ends.length === 1)
    assert.deepEqual(gate.ends, ['answered'])
  })

  test('begins anew when such a caller reads on', async () => {
    const size = 30_000_000
    const raw = await startRaw((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size + 1}\r\n\r\n`)
      socket.write(Buffer.alloc(size, 'x'))
    })
    const gate = await startGate(idle(raw.port))
    const caller = call(gate.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    let received = 0
    caller.socket.removeAllListeners('data').on('data', (bytes: Buffer) => {
      received += bytes.length
    })
    await once(caller.socket, 'data')
    caller.socket.pause()
    await elapsed(700)
    assert.deepEqual(gate.ends, [])
    caller.socket.resume()
    // Everything was taken, one byte is missing: now it is the upstream that stands still.
    await until(() => received > size)
    await until(() => gate.ends.length === 1, 3)
    assert.deepEqual(gate.log, cut(raw.port, 'idle'))
  })

  test('does not count the time in which an upload pauses that the upstream has begun to answer', async () => {
    const upstream = await startUpstream((request, response) => {
      response.write('begun ')
      request.on('data', (bytes: Buffer) => response.write(bytes))
      request.on('end', () => response.end('!'))
    })
    const gate = await startGate(idle(upstream.port))
    const caller = call(gate.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\na')
    await until(() => caller.text().includes('a\r\n'))
    await elapsed(600)
    assert.deepEqual(gate.ends, [])
    caller.socket.write('b')
    await until(() => gate.ends.length === 1)
    assert.deepEqual(gate.ends, ['answered'])
    assert.match(caller.text(), /b[\s\S]*!/)
  })

  test('ends with the answer: the connection is kept as long as any other, and has its limits anew', async () => {
    let requests = 0
    const upstream = await startUpstream((_request, response) => {
      requests++
      response.write('a')
      setTimeout(() => response.end('b'), requests === 3 ? 500 : 30)
    })
    const gate = await startGate(idle(upstream.port))
    assert.match(await get(gate.port), /a[\s\S]*b/)
    await elapsed(500)
    assert.match(await get(gate.port), /a[\s\S]*b/)
    assert.equal(upstream.connections.length, 1)
    await get(gate.port)
    assert.deepEqual(gate.ends, ['answered', 'answered', 'upstream_broke'])
  })

  test('leaves no listener on a connection, however many answers it carried', async () => {
    const warnings: Error[] = []
    const note = (warning: Error) => void warnings.push(warning)
    process.on('warning', note)
    onTestFinished(() => void process.removeListener('warning', note))
    const upstream = await startUpstream((_request, response) => {
      response.write('a')
      setTimeout(() => response.end('b'), 5)
    })
    const gate = await startGate(idle(upstream.port, 5))
    const caller = call(gate.port, '')
    for (let round = 1; round <= 20; round++) {
      caller.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await until(() => gate.ends.length === round)
    }
    assert.equal(upstream.connections.length, 1)
    // Node warns at the eleventh listener for one event, a turn later.
    await elapsed(50)
    assert.deepEqual(warnings, [])
  })

  /** A gate that writes more by itself than its caller takes, while it watches an answer; the caller reads nothing yet. */
  async function startFull(port: number) {
    const agent = new Agent({ keepAlive: true, timeout: 60_000 })
    const found: { exchange?: Exchange; silent: string[] } = { silent: [] }
    const gate = await startUpstream((_request, response) => {
      const outgoing = request({ port, agent })
      outgoing.end()
      outgoing.once('response', (answer: IncomingMessage) => {
        answer.resume()
        response.write(Buffer.alloc(30_000_000))
        const exchange = { outgoing, answer, response }
        watchIdle(exchange, 0.2, (reason) => void found.silent.push(reason.limit))
        found.exchange = exchange
      })
    })
    onTestFinished(() => agent.destroy())
    const caller = call(gate.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    caller.socket.removeAllListeners('data').pause()
    await until(() => found.exchange !== undefined)
    return { found, caller, agent }
  }

  test('begins anew when the caller has taken what there was, although not a byte comes from the upstream', async () => {
    const raw = await startRaw((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n'))
    const { found, caller } = await startFull(raw.port)
    await elapsed(500)
    assert.deepEqual(found.silent, [])
    caller.socket.resume()
    await until(() => found.silent.length === 1)
    assert.deepEqual(found.silent, ['idle'])
  })

  test('leaves a connection alone that is free again while the caller still reads', async () => {
    const raw = await startRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n')
      setTimeout(() => socket.write('0123456789'), 50)
    })
    const { found, caller, agent } = await startFull(raw.port)
    await until(() => Object.keys(agent.freeSockets).length === 1)
    const [free] = Object.values(agent.freeSockets)[0] ?? []
    assert.equal(free?.timeout, 60_000)
    let drained = false
    found.exchange?.response.once('drain', () => {
      drained = true
    })
    caller.socket.resume()
    await until(() => drained)
    assert.equal(free?.timeout, 60_000)
    await elapsed(400)
    assert.deepEqual(found.silent, [])
  })

  test('does not mean WebSockets', async () => {
    const upstream = await startUpstream(() => {})
    const sockets = new WebSocketServer({ server: upstream.server })
    sockets.on('connection', (socket) => socket.on('message', (message) => socket.send(message)))
    const gate = await startGate(idle(upstream.port))
    const client = new WebSocket(`ws://127.0.0.1:${gate.port}/`)
    await once(client, 'open')
    await elapsed(600)
    client.send('still here')
    const [message] = (await once(client, 'message')) as [Buffer]
    assert.equal(message.toString(), 'still here')
    client.close()
    await once(client, 'close')
  })
})
