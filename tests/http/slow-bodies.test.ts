import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { CallerLimits, ServerSettings } from '../../src/core/gateway.ts'
import { createBodyWatch } from '../../src/http/slow-bodies.ts'
import { asCertificate, createAuthority } from '../certificates.ts'
import { until } from '../redis.ts'
import { startUpstream, type Upstream } from '../stage.ts'
import { gatewayWith, type Listening, openTenant, startListening } from './listening.ts'
import { openSecure } from './secure-wire.ts'
import { bytesOf, openWire, type Wire } from './wire.ts'

let upstream: Upstream
const open: Listening[] = []
const wires: Wire[] = []

beforeAll(async () => {
  upstream = await startUpstream()
})
afterAll(() => upstream.close())
beforeEach(() => upstream.handle(null))
afterEach(async () => {
  for (const wire of wires.splice(0)) wire.end()
  for (const each of open.splice(0)) await each.close()
})

/** A window of 300 ms, in which 30 bytes have to come. */
const scaled = { bodySeconds: 0.3, minimumBytesPerSecond: 100 }

function settings({ bodySeconds, minimumBytesPerSecond } = scaled): Partial<ServerSettings> {
  const { server } = gatewayWith({})
  const limits: CallerLimits = { ...server.limits, minimumBytesPerSecond }
  return { timeouts: { ...server.timeouts, bodySeconds }, limits }
}

async function start(server = settings()): Promise<Listening> {
  const listening = await startListening(
    gatewayWith(server, openTenant('payroll', Number(new URL(upstream.origin).port))),
  )
  open.push(listening)
  return listening
}

async function post(origin: string, path: string, lines: readonly string[], body = ''): Promise<Wire> {
  const wire = await openWire(origin)
  wires.push(wire)
  wire.send(bytesOf(origin, `POST ${path}`, ['Host: payroll.example', ...lines], body))
  return wire
}

/** Sends again and again until the connection ends or all is sent; `gap` in milliseconds. */
async function trickle(wire: Wire, piece: string, gap: number, times = 1_000): Promise<void> {
  for (let sent = 0; sent < times && !wire.socket.destroyed; sent += 1) {
    wire.send(piece)
    await pause(gap)
  }
}

/** Time in which nothing is to happen. */
async function windows(count: number): Promise<void> {
  const began = performance.now()
  await until(`${count} windows to pass`, () => performance.now() - began > count * scaled.bodySeconds * 1_000)
}

/** Takes the request and counts, without an answer until all is there. */
function counting(): { readonly seen: IncomingMessage[]; readonly bytes: () => number; readonly gone: () => number } {
  const seen: IncomingMessage[] = []
  let bytes = 0
  let gone = 0
  upstream.handle((request, response) => {
    seen.push(request)
    request.on('error', () => {})
    request.on('close', () => {
      if (!request.complete) gone += 1
    })
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    request.on('end', () => response.end(String(bytes)))
    return true
  })
  return { seen, bytes: () => bytes, gone: () => gone }
}

describe('createBodyWatch', () => {
  for (const [name, lines, begin] of [
    ['that never begins', ['Content-Length: 100'], ''],
    ['that stops', ['Content-Length: 100'], 'abc'],
    ['in chunks that stops', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n'],
    ['in chunks that stops in the middle of one', ['Transfer-Encoding: chunked'], '30\r\nabc'],
  ] as const) {
    test(`cuts a body ${name}, says so to the caller, and lets the upstream go (T88)`, async () => {
      const { gone, seen } = counting()
      const { origin, listener, log, metrics } = await start()
      const wire = await post(origin, '/a?secret=1', lines, begin)
      const began = performance.now()
      const answer = await wire.answer()
      expect(answer?.status).toBe(408)
      expect(answer?.head).toMatch(/^connection: close$/im)
      expect(JSON.parse(answer?.body ?? '')).toMatchObject({ code: 'request_too_slow' })
      expect(performance.now() - began).toBeGreaterThan(250)
      expect(await wire.closed()).toBe(true)
      await until('the upstream to be let go', () => seen.length === gone())
      await until('no connection to be left', () => listener.connections() === 0)
      expect(log().filter(({ event }) => event === 'request_refused')).toMatchObject([
        { reason: 'request_too_slow', tenant: 'payroll', path: '/a' },
      ])
      expect(await metrics()).toContain('{tenant="payroll",outcome="request_too_slow"} 1')
      expect(await metrics()).not.toContain('outcome="forwarded"')
    })
  }

  test('gives persons a page', async () => {
    counting()
    const { origin } = await start()
    const wire = await post(origin, '/', ['Content-Length: 100', 'Accept: text/html'], 'abc')
    expect((await wire.answer())?.body).toMatch(/<p>Code <code>request_too_slow/)
  })

  test('cuts a body that brings less than the minimum, though it never stands still (T88)', async () => {
    const { gone, bytes } = counting()
    const { origin } = await start()
    const wire = await post(origin, '/', ['Content-Length: 100000'])
    // About 14 bytes per window of 30.
    const sent = trickle(wire, 'x', 20)
    expect((await wire.answer())?.status).toBe(408)
    await wire.closed()
    await sent
    await until('the upstream to be let go', () => gone() === 1)
    expect(bytes()).toBeLessThan(100)
  })

  test('takes any rate where there is no minimum, as long as it goes on', async () => {
    counting()
    const { origin } = await start(settings({ ...scaled, minimumBytesPerSecond: 0 }))
    const wire = await post(origin, '/', ['Content-Length: 12'])
    await trickle(wire, 'x', 100, 12)
    expect(await wire.answer()).toMatchObject({ status: 200, body: '12' })
  })

  test('cuts a body that stands still also where there is no minimum', async () => {
    counting()
    const { origin } = await start(settings({ ...scaled, minimumBytesPerSecond: 0 }))
    const wire = await post(origin, '/', ['Content-Length: 12'], 'abc')
    expect((await wire.answer())?.status).toBe(408)
  })

  test('lets an upload take many windows as long as it is quicker than the minimum', async () => {
    counting()
    const { origin, log } = await start()
    const [sized, chunked] = [
      await post(origin, '/', ['Content-Length: 800']),
      await post(origin, '/', ['Transfer-Encoding: chunked']),
    ]
    await Promise.all([trickle(sized, 'x'.repeat(8), 15, 100), trickle(chunked, '8\r\nabcdefgh\r\n', 15, 100)])
    chunked.send('0\r\n\r\n')
    expect((await sized.answer())?.status).toBe(200)
    expect((await chunked.answer())?.status).toBe(200)
    expect(log().filter(({ event }) => event === 'request_refused')).toEqual([])
  })

  test('does not blame the caller for an application that does not take what there is', async () => {
    const requests: IncomingMessage[] = []
    const responses: ServerResponse[] = []
    upstream.handle((request, response) => {
      requests.push(request)
      responses.push(response)
      return true
    })
    const { origin } = await start()
    // More than all buffers on the way hold.
    const body = 'x'.repeat(12_000_000)
    const wire = await post(origin, '/', [`Content-Length: ${body.length}`], body)
    await until('the request', () => requests.length === 1)
    await windows(4)
    expect(wire.rest()).toBe('')
    expect(requests[0]?.destroyed).toBe(false)
    requests[0]?.resume().on('end', () => responses[0]?.end('took it'))
    expect(await wire.answer()).toMatchObject({ status: 200, body: 'took it' })
  })

  test('leaves alone what has no body, however long the answer takes', async () => {
    const responses: ServerResponse[] = []
    upstream.handle((_request, response) => {
      responses.push(response)
      return true
    })
    const { origin } = await start()
    const wire = await openWire(origin)
    wires.push(wire)
    wire.send(bytesOf(origin, 'GET /', ['Host: payroll.example']))
    const empty = await post(origin, '/', ['Content-Length: 0'])
    const whole = await post(origin, '/', ['Content-Length: 3'], 'abc')
    await until('the requests', () => responses.length === 3)
    await windows(3)
    for (const response of responses) response.end('late')
    for (const each of [wire, empty, whole]) expect(await each.answer()).toMatchObject({ status: 200, body: 'late' })
  })

  test('cuts the connection, and adds nothing, where an answer has begun (T48)', async () => {
    let closed = false
    upstream.handle((request, response) => {
      request.resume().on('error', () => {})
      response.on('close', () => {
        closed = true
      })
      response.write('begun')
      return true
    })
    const { origin, listener } = await start()
    const wire = await post(origin, '/', ['Content-Length: 100'], 'abc')
    expect(await wire.closed()).toBe(true)
    expect(wire.rest()).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n5\r\nbegun\r\n$/)
    await until('the upstream to be let go', () => closed && listener.connections() === 0)
  })

  test('answers in turn where the slow body is that of a second, pipelined request', async () => {
    const responses: ServerResponse[] = []
    upstream.handle((request, response) => {
      request.resume().on('error', () => {})
      responses.push(response)
      return true
    })
    const { origin } = await start()
    const wire = await openWire(origin)
    wires.push(wire)
    const host = 'Host: payroll.example'
    wire.send(bytesOf(origin, 'GET /1', [host]) + bytesOf(origin, 'POST /2', [host, 'Content-Length: 9'], 'abc'))
    await until('both', () => responses.length === 2)
    await until('the second to be let go', () => responses[1]?.destroyed === true || responses[1]?.closed === true)
    responses[0]?.end('first')
    expect(await wire.answer()).toMatchObject({ status: 200, body: 'first' })
    expect((await wire.answer())?.status).toBe(408)
    expect(await wire.closed()).toBe(true)
  })

  test('cuts a slow body over TLS as well', async () => {
    const { gone } = counting()
    const authority = createAuthority()
    const certificate = asCertificate(authority.issue('DNS:payroll.example'))
    const tls = { certificate, redirectFrom: null, hstsSeconds: 0 }
    const { listener } = await start({ ...settings(), tls })
    const socket = await openSecure(listener.port, { ca: authority.cert, servername: 'payroll.example' })
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    socket.write('POST / HTTP/1.1\r\nHost: payroll.example\r\nContent-Length: 100\r\n\r\nabc')
    await until('the end', () => socket.destroyed)
    expect(text).toMatch(/^HTTP\/1\.1 408 /)
    await until('the upstream to be let go', () => gone() === 1)
  })

  test('outlives many slow bodies at once, and serves others meanwhile (T88)', async () => {
    counting()
    const { origin, listener } = await start()
    const slow = await Promise.all(Array.from({ length: 100 }, () => post(origin, '/', ['Content-Length: 9'], 'abc')))
    const quick = await post(origin, '/', ['Content-Length: 3'], 'abc')
    expect((await quick.answer())?.status).toBe(200)
    quick.end()
    for (const wire of slow) expect((await wire.answer())?.status).toBe(408)
    await until('no connection to be left', () => listener.connections() === 0)
  })

  test('lets go of a connection at the end of the next window where nobody answers', async () => {
    const { wire, signal, pass, bring } = await watchOne(() => {})
    pass(9)
    await bring('x'.repeat(20))
    pass(9)
    // A process that was busy for an hour has not listened for an hour.
    pass(0, 3_600)
    await bring('x'.repeat(20))
    pass(1, 0)
    expect(signal.aborted).toBe(false)
    pass(9)
    expect(signal.aborted).toBe(false)
    pass(1)
    expect(signal.aborted).toBe(true)
    pass(9)
    expect(wire.socket.destroyed).toBe(false)
    pass(1)
    expect(await wire.closed()).toBe(true)
    expect(wire.rest()).toBe('')
  })

  test('lets go of it at once where an answer has begun', async () => {
    const { wire, signal, pass } = await watchOne((response) => void response.write('begun'))
    await until('the answer', () => wire.rest().endsWith('begun\r\n'))
    pass(10)
    expect(await wire.closed()).toBe(true)
    expect(signal.aborted).toBe(false)
  })
})

/** One request with a body, of which nothing has come yet, in windows of 10 seconds that pass when the test says so. */
async function watchOne(answer: (response: ServerResponse) => void) {
  let now = 0
  const limits = () => ({ bodySeconds: 10, minimumBytesPerSecond: 1 })
  const bodies = createBodyWatch({ limits, now: () => now, interval: 1_000 })
  const met: { request: IncomingMessage; signal: AbortSignal }[] = []
  const server = createServer((request, response) => {
    met.push({ request: request.resume().on('error', () => {}), signal: bodies.watch(request, response) })
    answer(response)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await until('the server', () => server.listening)
  const wire = await post(`http://localhost:${(server.address() as AddressInfo).port}`, '/', ['Content-Length: 100'])
  await until('the request', () => met.length === 1)
  const [first] = met
  if (first === undefined) throw new Error('no request')
  const { request, signal } = first
  return {
    wire,
    signal,
    /** A second each, unless it is said otherwise, and a sweep after each. */
    pass(sweeps: number, seconds = 1) {
      if (sweeps === 0) now += seconds * 1_000
      for (let at = 0; at < sweeps; at += 1) {
        now += seconds * 1_000
        bodies.sweep()
      }
    },
    async bring(bytes: string) {
      const had = request.socket.bytesRead
      wire.send(bytes)
      await until('the bytes', () => request.socket.bytesRead === had + bytes.length)
    },
  }
}

/** The sockets of the caller and of the application are in this process, too: what they hold counts with the rest. */
const size = 1_000_000_000

test('a slow upload of 1 GB passes, in bounded memory', { timeout: 120_000 }, async () => {
  const { bytes } = counting()
  const { origin } = await start(settings({ bodySeconds: 0.3, minimumBytesPerSecond: 1_000_000 }))
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  const piece = Buffer.alloc(1_000_000, 'x')
  let most = 0
  const before = process.memoryUsage.rss()
  socket.write(bytesOf(origin, 'PUT /', ['Host: payroll.example', `Content-Length: ${size}`]))
  for (let sent = 0; sent < size; sent += piece.length) {
    if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve))
    // Slower now and then, over several windows.
    if (sent < 5_000_000) await pause(200)
    most = Math.max(most, process.memoryUsage.rss())
  }
  await until('the answer', () => text.endsWith(String(size)), 60_000)
  socket.destroy()
  expect(text).toMatch(/^HTTP\/1\.1 200 /)
  expect(bytes()).toBe(size)
  expect((most - before) / 1e6).toBeLessThan(300)
})
