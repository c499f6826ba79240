/** The configuration is exchanged a hundred times under load: no request is lost, and nothing is left behind. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { startReloading } from '../../src/cli/reloading.ts'
import { createLoader } from '../../src/config/loader.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { createLog } from '../../src/ops/log.ts'
import { type Running, serve } from '../../src/serve.ts'
import { attack } from '../attacks/attack.ts'
import { expectPage } from '../http/scene.ts'
import { until } from '../redis.ts'
import { freePort, stageYaml, startUpstream, type Upstream } from '../stage.ts'
import { createVisitor, navigation, signIn } from '../visitor.ts'
import { type Load, startLoad } from './load.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-reload-'))
const main = join(folder, 'sallyport.yaml')
const lines: string[] = []
const admins = '4f9d2b6a-1c83-4e57-b0a9-7d6e5c4b3a21'
const staff = '8e2c7a10-5d4f-4b96-a3e8-1f0d9c8b7a65'
let emulator: Emulator
let upstream: Upstream
let port: number
let running: Running
let reloading: ReturnType<typeof startReloading>

beforeAll(async () => {
  port = await freePort()
  const redirectUris = ['wiki', 'shop'].map((name) => `http://${name}.localhost:${port}/.auth/callback`)
  emulator = await startEmulator({ port: 0, application: { redirectUris } })
  upstream = await startUpstream()
  mkdirSync(join(folder, 'tenants'))
  writeMain('10s')
  for (const name of ['wiki', 'shop']) writeTenant(name, 'user')
  const loader = createLoader(main, { env: {} })
  const first = loader.load()
  const log = createLog({ level: 'info', destination: { write: (line: string) => void lines.push(line) } })
  running = await serve(first.gateway, log)
  reloading = startReloading({ loader, first, running, log, adjust: (gateway) => gateway, settleMilliseconds: 20 })
})
afterAll(async () => {
  reloading.close()
  await running.end({ lameDuckSeconds: 0 })
  await upstream.close()
  await emulator.close()
  rmSync(folder, { recursive: true })
})

function writeMain(drain: string, server = ''): void {
  const yaml = stageYaml({ port, upstream: upstream.origin, authority: emulator.origin, server })
  writeFileSync(main, `${yaml.replace('drain: 10s', `drain: ${drain}`)}tenantFiles: { path: tenants/*.yaml }\n`)
}

/** Whoever is in the staff group has this role, which the application is told. */
function writeTenant(name: string, role: string, more = ''): void {
  const text = `publicUrl: http://${name}.localhost:${port}
providers: [contoso]
roles: [{ name: ${role}, groups: [${staff}, ${admins}] }]
upstream: { url: '${upstream.origin}' }
headers: { presets: [x-forwarded] }
${more}`
  writeFileSync(join(folder, 'tenants', `${name}.yaml`), text)
}

async function signedIn(host: string): Promise<string> {
  const visitor = createVisitor()
  const origin = `http://${host}:${port}`
  await signIn(visitor, `${origin}/reports`, 'uwe@contoso.example')
  visitor.close()
  return visitor.cookies(origin).join('; ')
}

function loadOf(host: string, cookie: string): Load {
  return startLoad({
    ...{ port, host: `${host}:${port}`, cookie, callers: 4 },
    next: (n) => (n % 4 === 0 ? { method: 'POST', path: `/x?${n}`, body: 'body' } : { method: 'GET', path: `/x?${n}` }),
    isRight: (status, body) => status === 200 && body.includes('"x-forwarded-user"'),
  })
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let round = 0; round < 4; round++) collect()
}

interface Figures {
  readonly heap: number
  readonly handles: number
  readonly listeners: number
}

function figures(): Figures {
  const handles = process.getActiveResourcesInfo().filter((each) => each !== 'Timeout' && each !== 'Immediate')
  const listeners = ['SIGHUP', 'exit', 'SIGTERM'].reduce((sum, event) => sum + process.listenerCount(event), 0)
  return { heap: process.memoryUsage().heapUsed, handles: handles.length, listeners }
}

const reloads = () => lines.filter((line) => line.includes('"event":"reloaded"')).length

describe('reload', () => {
  test('a hundred times under load loses no request and leaves nothing behind', async () => {
    const [wiki, payroll] = [await signedIn('wiki.localhost'), await signedIn('localhost')]
    // The upstream of the tests keeps what it sees, which here would look like a leak.
    upstream.handle((request, response) => {
      request.resume()
      response.end(JSON.stringify(request.headers))
      return true
    })
    let round = 0
    async function underLoad(times: number): Promise<Figures> {
      const loads = [loadOf('wiki.localhost', wiki), loadOf('localhost', payroll)]
      for (let time = 0; time < times; time++) {
        round += 1
        await changed(() => (round % 10 === 0 ? writeMain(`${round + 100}s`) : writeTenant('wiki', `user-${round}`)))
        const answered = loads.map((load) => load.answered())
        await until('requests go on', () => loads.every((load, at) => load.answered() > (answered[at] ?? 0) + 5))
      }
      for (const account of await Promise.all(loads.map((load) => load.stop()))) {
        expect(account.lost).toEqual([])
        expect(account.answered).toBe(account.sent)
      }
      collectGarbage()
      return figures()
    }
    const before = await underLoad(30)
    const after = await underLoad(100)
    upstream.handle(null)
    expect(after.listeners).toBe(before.listeners)
    // Connections come and go under load, and the heap breathes; what is left behind by each reload would be a hundred times over.
    expect(after.handles - before.handles).toBeLessThan(20)
    await until('the heap is where it was', () => {
      collectGarbage()
      return figures().heap - before.heap < 4_000_000
    })
  }, 120_000)

  test('takes effect on the next request: roles, headers, a tenant that is switched off and on again', async () => {
    const cookie = await signedIn('shop.localhost')
    const visitor = createVisitor()
    const ask = () => visitor.ask(`http://shop.localhost:${port}/x`, { headers: { cookie } })
    const roleSent = async () => JSON.parse((await ask()).body).headers['x-forwarded-roles']
    expect(await roleSent()).toBe('user')
    await changed(() => writeTenant('shop', 'keeper'))
    expect(await roleSent()).toBe('keeper')
    await changed(() => writeTenant('shop', 'keeper', 'enabled: false\n'))
    expect((await ask()).status).toBe(503)
    await changed(() => writeTenant('shop', 'keeper'))
    // Nobody was signed out by it.
    expect(await roleSent()).toBe('keeper')
    await changed(() => rmSync(join(folder, 'tenants', 'shop.yaml')))
    expect((await ask()).status).toBe(421)
    await changed(() => writeTenant('shop', 'user'))
    visitor.close()
  })

  attack('T126', 'takes effect on open WebSockets: whoever lost the role is cut, the others live on', async () => {
    const sockets = new WebSocketServer({ noServer: true })
    upstream.server.removeAllListeners('upgrade')
    upstream.server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, () => {}))
    const [shop, wiki] = await Promise.all(['shop.localhost', 'wiki.localhost'].map(openSocket))
    await changed(() => writeTenant('shop', 'user', 'branding: { name: Another name }\n'))
    expect(shop?.readyState).toBe(WebSocket.OPEN)
    await changed(() => writeTenant('shop', 'another'))
    await until('the socket of the changed tenant is cut', () => shop?.readyState === WebSocket.CLOSED)
    expect(wiki?.readyState).toBe(WebSocket.OPEN)
    wiki?.terminate()
    sockets.close()
  })

  test('asks for a restart where one is needed, once, and no longer when the setting is put back', async () => {
    const visitor = createVisitor()
    const waiting = async () =>
      JSON.parse((await visitor.ask(`http://127.0.0.1:${running.managementPort}/readyz`)).body).detail.restartNeeded
    const asked = () => lines.filter((line) => line.includes('"event":"restart_needed"'))
    await changed(() => writeMain('7s', ', limits: { headers: 32KB }'))
    expect(await waiting()).toEqual(['server.limits.headers'])
    await changed(() => writeMain('8s', ', limits: { headers: 32KB }'))
    await changed(() => writeMain('9s'))
    expect(await waiting()).toEqual([])
    expect(asked()).toHaveLength(1)
    visitor.close()
  })

  test('a broken tenant file harms nobody, not even its tenant, and is told of', async () => {
    const visitor = createVisitor()
    const cookie = await signedIn('shop.localhost')
    const ask = (host: string) => visitor.ask(`http://${host}:${port}/x`, { headers: { ...navigation, cookie } })
    const status = async (host: string) => (await ask(host)).status
    await changed(() => writeTenant('shop', 'user', 'routes: [{ path: /, acces: public }]\n'))
    expect(await status('shop.localhost')).toBe(200)
    await changed(() =>
      writeFileSync(join(folder, 'tenants', 'fresh.yaml'), `publicUrl: http://fresh.localhost:${port}\n`),
    )
    expectPage(await ask('fresh.localhost'), 503, 'tenant_broken')
    const ready = await visitor.ask(`http://127.0.0.1:${running.managementPort}/readyz`)
    expect(ready.status).toBe(200)
    const { refused } = JSON.parse(ready.body).detail.tenants
    expect(refused).toMatchObject([
      { tenant: 'fresh', served: 'not' },
      { tenant: 'shop', served: 'last-good' },
    ])
    expect(refused[1].issue).toMatch(/shop\.yaml:6:\d+: routes\[0\]/)
    const metrics = (await visitor.ask(`http://127.0.0.1:${running.managementPort}/metrics`)).body
    expect(metrics).toContain('sallyport_tenant_refused{tenant="shop"} 1')
    expect(metrics).toMatch(/sallyport_tenants\{state="last_good"\} 1/)
    expect(lines.filter((line) => line.includes('tenant_refused') && line.includes('"tenant":"shop"')).length).toBe(1)
    rmSync(join(folder, 'tenants', 'fresh.yaml'))
    await changed(() => writeTenant('shop', 'user'))
    expect(lines.some((line) => line.includes('tenant_recovered') && line.includes('"tenant":"shop"'))).toBe(true)
    visitor.close()
  })
})

/** Waits until the gateway has taken over what was written. */
async function changed(write: () => void): Promise<void> {
  const before = reloads()
  write()
  await until('a reload', () => reloads() > before)
}

async function openSocket(host: string): Promise<WebSocket> {
  const origin = `http://${host}:${port}`
  const headers = { cookie: await signedIn(host), host: `${host}:${port}` }
  const socket = new WebSocket(`ws://127.0.0.1:${port}/x`, { origin, headers })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  return socket
}
