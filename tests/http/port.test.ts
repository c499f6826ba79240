import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { CallerLimits, CallerTimeouts } from '../../src/core/gateway.ts'
import { attack } from '../attacks/attack.ts'
import { until } from '../redis.ts'
import { startUpstream, type Upstream } from '../stage.ts'
import { gatewayWith, type Listening, openTenant, startListening } from './listening.ts'
import { bytesOf, openWire, speak } from './wire.ts'

let upstream: Upstream
const open: Listening[] = []
const host = ['Host: payroll.example']

beforeAll(async () => {
  upstream = await startUpstream()
})
afterAll(() => upstream.close())
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

interface Settings {
  readonly timeouts?: Partial<CallerTimeouts>
  readonly limits?: Partial<CallerLimits>
}

function configured({ timeouts, limits }: Settings) {
  const { server } = gatewayWith({})
  const settings = { timeouts: { ...server.timeouts, ...timeouts }, limits: { ...server.limits, ...limits } }
  return gatewayWith(settings, openTenant('payroll', Number(new URL(upstream.origin).port)))
}

async function start(settings: Settings): Promise<Listening> {
  const listening = await startListening(configured(settings))
  open.push(listening)
  return listening
}

async function connections(origin: string, count: number): Promise<readonly Socket[]> {
  const port = Number(new URL(origin).port)
  return await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      await once(socket, 'connect')
      return socket.resume()
    }),
  )
}

const dropped = async (listening: Listening) =>
  Number(/^sallyport_dropped_connections_total (\d+)$/m.exec(await listening.metrics())?.[1])

describe('openPort', () => {
  attack('T88', 'closes connections beyond the limit at once, counts them, and serves the others', async () => {
    const listening = await start({ limits: { connections: 20 } })
    const asking = await openWire(listening.origin)
    const sockets = await connections(listening.origin, 300)
    await until('the drops', () => sockets.filter(({ destroyed }) => destroyed).length === 281)
    expect(listening.listener.connections()).toBe(20)
    expect(await dropped(listening)).toBe(281)
    asking.send(bytesOf(listening.origin, 'GET /', host))
    expect((await asking.answer())?.status).toBe(200)
    for (const socket of sockets) socket.destroy()
    await until('room', () => listening.listener.connections() === 1)
    expect((await speak(listening.origin, bytesOf(listening.origin, 'GET /', host)))?.status).toBe(200)
  })

  test('says for how long it keeps an idle connection, and keeps it a little longer', async () => {
    const { origin } = await start({ timeouts: { keepAliveSeconds: 1 } })
    const wire = await openWire(origin)
    wire.send(bytesOf(origin, 'GET /', host))
    const answered = performance.now()
    expect((await wire.answer())?.head).toMatch(/^keep-alive: timeout=1$/im)
    expect(await wire.closed(5_000)).toBe(true)
    expect(performance.now() - answered).toBeGreaterThan(1_300)
  })

  test('takes as many bytes of headers as the configuration says', async () => {
    const { origin } = await start({ limits: { headerBytes: 32_768 } })
    const sized = (bytes: number) => bytesOf(origin, 'GET /', [...host, `X-A: ${'a'.repeat(bytes)}`])
    expect((await speak(origin, sized(8_000)))?.status).toBe(200)
    const answer = await speak(origin, sized(33_000))
    expect(answer?.status).toBe(431)
    expect(answer?.body).toContain('headers_too_large')
  })

  test('follows a reload while it runs: connections, keep-alive, headers that do not come', async () => {
    const listening = await start({ limits: { connections: 2 } })
    const { origin, listener } = listening
    const [first] = await connections(origin, 4)
    await until('the drops', async () => (await dropped(listening)) === 2)
    listening.replace(configured({ limits: { connections: 4 }, timeouts: { headerSeconds: 0.3, keepAliveSeconds: 7 } }))
    const wire = await openWire(origin)
    wire.send(bytesOf(origin, 'GET /', host))
    expect((await wire.answer())?.head).toMatch(/^keep-alive: timeout=7$/im)
    // The connections that never asked.
    await until('only the one that asked is left', () => listener.connections() === 1)
    await until('the caller to notice', () => first?.destroyed === true)
    wire.end()
  })

  attack('T88', 'cuts every one of many connections that never ask, or never finish asking', async () => {
    const { origin, listener } = await start({ timeouts: { headerSeconds: 0.5 } })
    const sockets = await connections(origin, 300)
    for (const [at, socket] of sockets.entries()) if (at % 2 === 0) socket.write('GET / HTTP/1.1\r\nHost: pay')
    expect((await speak(origin, bytesOf(origin, 'GET /', host)))?.status).toBe(200)
    await until('no connection to be left', () => listener.connections() === 0)
    await until('all to have noticed', () => sockets.every(({ destroyed }) => destroyed))
  })
})
