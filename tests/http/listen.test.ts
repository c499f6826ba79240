import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Gateway } from '../../src/core/gateway.ts'
import { createAnswers } from '../../src/http/answers.ts'
import type { Gate } from '../../src/http/gate.ts'
import { type Listener, listen } from '../../src/http/listen.ts'
import { createLog } from '../../src/ops/log.ts'
import { createMetrics } from '../../src/ops/metrics.ts'
import { createPages } from '../../src/pages/render.ts'
import { gateway } from '../core/build.ts'
import { until } from '../redis.ts'
import { bytesOf, openWire, speak, type Wire } from './wire.ts'

const lines: string[] = []
const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } })
const open: Listener[] = []

afterEach(async () => {
  for (const listener of open.splice(0)) await listener.drain(0)
})

async function start(gate: Gate, headerSeconds = 30): Promise<{ listener: Listener; origin: string }> {
  const listener = await listen({
    address: { host: '127.0.0.1', port: 0 },
    current: () => configured(headerSeconds),
    gate,
    upgrade: (_request, socket) => socket.end('HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n'),
    answers: createAnswers(createPages()),
    metrics: createMetrics(),
    lasting: { sweep() {} },
    log,
  })
  open.push(listener)
  return { listener, origin: `http://localhost:${listener.port}` }
}

function configured(headerSeconds: number): Gateway {
  const built = gateway()
  return { ...built, server: { ...built.server, timeouts: { ...built.server.timeouts, headerSeconds } } }
}

/** Answers when it is let go. */
function slowGate(): { gate: Gate; asked: () => number; release: () => void } {
  const waiting: (() => void)[] = []
  let asked = 0
  return {
    gate: (_request, response) => {
      asked += 1
      waiting.push(() => void response.end('done'))
    },
    asked: () => asked,
    release: () => {
      for (const each of waiting.splice(0)) each()
    },
  }
}

const quick: Gate = (_request, response) => void response.end('done')

describe('listen', () => {
  test('cuts who sends headers too slowly, and says so (T88)', async () => {
    const { listener, origin } = await start(quick, 0.5)
    const wires: Wire[] = []
    for (const bytes of ['', 'GET / HT', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: ', '\r\n\r\n']) {
      const wire = await openWire(origin)
      wire.send(bytes)
      wires.push(wire)
    }
    const drip = setInterval(() => wires[2]?.send('a'), 50)
    for (const wire of wires) expect(await wire.closed(), wire.rest()).toBe(true)
    clearInterval(drip)
    // Nothing was asked there; but who has begun to ask is told.
    expect(wires[0]?.rest()).toBe('')
    for (const wire of wires.slice(1)) expect(wire.rest()).toMatch(/^HTTP\/1\.1 408 .*request_too_slow/s)
    expect((await speak(origin, bytesOf(origin, 'GET /')))?.status).toBe(200)
    await until('no connection to be left', () => listener.connections() === 0)
  })

  test('lets a body take its time', async () => {
    const { origin } = await start((request, response) => {
      request.resume().on('end', () => response.end('done'))
    }, 0.3)
    const wire = await openWire(origin)
    const started = performance.now()
    wire.send(bytesOf(origin, 'POST /', ['Content-Length: 12']))
    for (let sent = 0; sent < 12; sent += 1) {
      await until('the next moment', () => performance.now() - started > sent * 100)
      wire.send('x')
    }
    expect(await wire.answer()).toMatchObject({ status: 200, body: 'done' })
    wire.end()
  })

  test('waits for what is in flight, and accepts nothing more', async () => {
    const slow = slowGate()
    const { listener, origin } = await start(slow.gate)
    const wire = await openWire(origin)
    wire.send(bytesOf(origin, 'GET /'))
    await until('the request', () => slow.asked() === 1)
    const drained = listener.drain(5)
    await expect(openWire(origin)).rejects.toThrow('ECONNREFUSED')
    slow.release()
    expect(await wire.answer()).toMatchObject({ status: 200, body: 'done' })
    expect(await drained).toBe(true)
    expect(await wire.closed()).toBe(true)
  })

  test('cuts at the deadline what does not end, and says so', async () => {
    const slow = slowGate()
    const { listener, origin } = await start(slow.gate)
    const wire = await openWire(origin)
    wire.send(bytesOf(origin, 'GET /'))
    await until('the request', () => slow.asked() === 1)
    const started = performance.now()
    const [clean] = await Promise.all([listener.drain(0.3), wire.closed()])
    expect(performance.now() - started).toBeLessThan(3_000)
    expect(clean).toBe(false)
    expect(wire.rest()).toBe('')
  })

  test('tells callers whose answers are still to come that these are the last', async () => {
    const slow = slowGate()
    const { listener, origin } = await start(slow.gate)
    const [busy, later] = [await openWire(origin), await openWire(origin)]
    busy.send(bytesOf(origin, 'GET /'))
    await until('the request', () => slow.asked() === 1)
    listener.lastAnswers()
    later.send(bytesOf(origin, 'GET /'))
    await until('the other', () => slow.asked() === 2)
    slow.release()
    for (const wire of [busy, later]) {
      expect((await wire.answer())?.head).toMatch(/^connection: close$/im)
      expect(await wire.closed()).toBe(true)
    }
  })

  test('says in one sentence why it cannot listen', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await until('the port', () => taken.listening)
    const { port } = taken.address() as AddressInfo
    const address = { host: '127.0.0.1', port }
    const parts = {
      current: () => gateway(),
      gate: quick,
      upgrade: () => {},
      answers: createAnswers(createPages()),
      metrics: createMetrics(),
      lasting: { sweep() {} },
      log,
    }
    await expect(listen({ ...parts, address })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: the address is already in use`,
    )
    taken.close()
  })
})
