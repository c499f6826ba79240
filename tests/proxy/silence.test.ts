/** The limit on the beginning of an answer: it hits silence of the upstream, and nothing else. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
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
