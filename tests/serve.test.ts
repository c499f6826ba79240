import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request as requestHttp } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { attack } from './attacks/attack.ts'
import { type Command, startCommand } from './cli/command.ts'
import { bytesOf, openWire } from './http/wire.ts'
import { until } from './redis.ts'
import { freePort, stageYaml, startUpstream, type Upstream } from './stage.ts'

let upstream: Upstream
const folder = mkdtempSync(join(tmpdir(), 'sallyport-serve-'))
const processes: Command[] = []

beforeAll(async () => {
  upstream = await startUpstream()
})
afterEach(async () => {
  upstream.handle(null)
  for (const each of processes.splice(0)) {
    each.child.kill('SIGKILL')
    await each.ended
  }
})
afterAll(async () => {
  await upstream.close()
  rmSync(folder, { recursive: true })
})

interface Gateway {
  readonly origin: string
  readonly management: string
  readonly command: Command
}

async function startGateway(drain = '10s'): Promise<Gateway> {
  const [port, managementPort] = [await freePort(), await freePort()]
  const file = join(folder, `${port}.yaml`)
  const authority = 'http://127.0.0.1:1'
  const yaml = stageYaml({ port, managementPort, upstream: upstream.origin, authority })
  writeFileSync(file, yaml.replace('drain: 10s', `drain: ${drain}`))
  const command = startCommand(['serve', '-c', file])
  processes.push(command)
  await command.says('"serving"')
  return { origin: `http://localhost:${port}`, management: `http://127.0.0.1:${managementPort}`, command }
}

interface Got {
  readonly status: number
  readonly body: string
  readonly closes: boolean
}

function get(url: string, agent?: Agent): Promise<Got> {
  const { hostname, port, pathname } = new URL(url)
  return new Promise((resolve, reject) => {
    const options = { hostname, port, path: pathname, family: 4, ...(agent === undefined ? {} : { agent }) }
    const asked = requestHttp(options, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, closes: response.headers.connection === 'close' }),
      )
    })
    asked.on('error', reject)
    asked.end()
  })
}

/** Status of the readiness probe; 0 when nobody answers any more. */
async function readiness({ management }: Gateway): Promise<number> {
  return await get(`${management}/readyz`).then(
    ({ status }) => status,
    () => 0,
  )
}

/** Asks again and again over one kept connection; opens a new one only while the gateway says that it is ready. */
async function client(gateway: Gateway, path: string, tally: { done: number; failed: string[] }): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (;;) {
    try {
      const got = await get(`${gateway.origin}${path}`, agent)
      if (got.status === 200) tally.done += 1
      else tally.failed.push(String(got.status))
      if (got.closes && (await readiness(gateway)) !== 200) break
    } catch (error) {
      tally.failed.push(String(error))
      break
    }
  }
  agent.destroy()
}

describe('serve', () => {
  test('loses no request when it is told to end under load', async () => {
    const gateway = await startGateway()
    // Some answers take longer than the time in which callers may still come.
    upstream.handle((request, response) => {
      if (request.url !== '/public/slow') return false
      const timer = setTimeout(() => response.end('slow'), 2_600)
      response.on('close', () => clearTimeout(timer))
      return true
    })
    const tally = { done: 0, failed: [] as string[] }
    const clients = [
      ...Array.from({ length: 6 }, () => client(gateway, '/public/quick', tally)),
      ...Array.from({ length: 3 }, () => client(gateway, '/public/slow', tally)),
    ]
    await until('the load', () => tally.done > 100)
    gateway.command.child.kill('SIGTERM')
    await Promise.all(clients)
    expect(tally.failed).toEqual([])
    expect(await gateway.command.ended).toEqual({ code: 0, signal: null })
    expect(gateway.command.stdout()).toMatch(/"clean":true.*"event":"ended"/)
    expect(gateway.command.stderr()).toBe('')
  })

  test('finishes a slow request that is in flight', async () => {
    const gateway = await startGateway()
    const releases: (() => void)[] = []
    upstream.handle((_request, response) => {
      response.write('begin ')
      releases.push(() => void response.end('end'))
      return true
    })
    const slow = get(`${gateway.origin}/public/slow`)
    await until('the request', () => releases.length === 1)
    gateway.command.child.kill('SIGTERM')
    await until('readiness to be off', async () => (await readiness(gateway)) === 503)
    const refused = async () =>
      await openWire(gateway.origin).then(
        (wire) => wire.end(),
        () => 'refused',
      )
    await until('no more connections', async () => (await refused()) === 'refused')
    releases[0]?.()
    expect(await slow).toMatchObject({ status: 200, body: 'begin end' })
    expect((await gateway.command.ended).code).toBe(0)
  })

  test('cuts what does not end within `drain`, and ends with 0', async () => {
    const gateway = await startGateway('1s')
    let asked = false
    upstream.handle(() => {
      asked = true
      return true
    })
    const never = get(`${gateway.origin}/public/never`).catch((error: unknown) => String(error))
    await until('the request', () => asked)
    gateway.command.child.kill('SIGINT')
    expect(await gateway.command.ended).toEqual({ code: 0, signal: null })
    expect(await never).toMatch(/hang up|ECONNRESET/)
    expect(gateway.command.stdout()).toMatch(/"clean":false.*"event":"ended"/)
  })

  attack('T105', 'does not wait for open WebSockets', async () => {
    const gateway = await startGateway()
    const server = new WebSocketServer({ server: upstream.server })
    const socket = new WebSocket(`${gateway.origin.replace('http', 'ws')}/public`)
    let closed = false
    socket.on('close', () => {
      closed = true
    })
    socket.on('error', () => {})
    await until('the WebSocket', () => socket.readyState === WebSocket.OPEN)
    gateway.command.child.kill('SIGINT')
    const started = performance.now()
    expect((await gateway.command.ended).code).toBe(0)
    expect(performance.now() - started).toBeLessThan(3_000)
    await until('the cut', () => closed)
    server.close()
  })

  test('does not wait for idle connections, nor for those that never ask', async () => {
    const gateway = await startGateway()
    const wires = await Promise.all(Array.from({ length: 3 }, () => openWire(gateway.origin)))
    wires[0]?.send(bytesOf(gateway.origin, 'GET /public'))
    expect((await wires[0]?.answer())?.status).toBe(200)
    wires[1]?.send('GET /public HTTP/1.1\r\nHost: lo')
    gateway.command.child.kill('SIGINT')
    const started = performance.now()
    expect((await gateway.command.ended).code).toBe(0)
    expect(performance.now() - started).toBeLessThan(3_000)
    for (const wire of wires) expect(await wire.closed()).toBe(true)
  })

  test('ends at once at the second signal', async () => {
    const gateway = await startGateway()
    let asked = false
    upstream.handle(() => {
      asked = true
      return true
    })
    get(`${gateway.origin}/public/never`).catch(() => {})
    await until('the request', () => asked)
    gateway.command.child.kill('SIGINT')
    await gateway.command.says('"draining"')
    gateway.command.child.kill('SIGINT')
    const started = performance.now()
    expect(await gateway.command.ended).toEqual({ code: null, signal: 'SIGINT' })
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  attack('T98', 'starts without its provider, and serves what needs none', async () => {
    const gateway = await startGateway()
    expect((await get(`${gateway.origin}/public`)).status).toBe(200)
    expect(await readiness(gateway)).toBe(200)
    expect((await get(`${gateway.origin}/.auth/me`)).status).toBe(401)
  })
})
