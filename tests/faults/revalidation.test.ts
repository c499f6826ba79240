/** Many people whose sessions are due, and several gateways in processes of their own: the provider is asked once for each person. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { findSessionCookie, verifySessionCookie } from '../../src/session/cookie.ts'
import { createRecords } from '../../src/session/records.ts'
import { createKeyRing } from '../../src/session/seal.ts'
import type { SessionStore } from '../../src/session/store.ts'
import { createRedisStore } from '../../src/session/store-redis.ts'
import { attack } from '../attacks/attack.ts'
import { type Command, startCommand } from '../cli/command.ts'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'
import { freePort, stageYaml, startUpstream, type Upstream } from '../stage.ts'
import { createVisitor, signIn } from '../visitor.ts'

const people = Array.from({ length: 100 }, (_, n) => `person${n}@contoso.example`)

describe.skipIf(redisMissing())('revalidation by three gateways', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-revalidation-'))
  const gateways: { readonly port: number; readonly command: Command }[] = []
  const ring = createKeyRing([new Secret('a-session-secret-of-the-tests-0123456789abcdef')])
  const agent = new Agent({ keepAlive: true, maxSockets: 1_000 })
  let redis: TestRedis
  let emulator: Emulator
  let upstream: Upstream
  let store: SessionStore
  let host = ''

  beforeAll(async () => {
    redis = await startRedis()
    upstream = await startUpstream()
    emulator = await startEmulator({
      port: 0,
      people: people.map((username) => ({ username, name: username, appRoles: ['Payroll.Reader'] })),
    })
    store = createRedisStore({ url: new Secret(redis.url), prefix: 'sallyport', log: silent })
    const ports = [await freePort(), await freePort(), await freePort()]
    host = `localhost:${ports[0]}`
    for (const port of ports) {
      const file = join(folder, `${port}.yaml`)
      const session = `store: { type: redis, url: '${redis.url}' }`
      const origins = { upstream: upstream.origin, authority: emulator.origin }
      writeFileSync(file, stageYaml({ port, session, ...origins, publicUrl: () => `http://${host}` }))
      gateways.push({ port, command: startCommand(['serve', '-c', file]) })
    }
    for (const { command } of gateways) await command.says('"serving"')
    await until('the store is there', () => store.ready() === 'ready')
  }, 60_000)
  afterAll(async () => {
    agent.destroy()
    for (const { command } of gateways) command.child.kill('SIGKILL')
    await store.close()
    await upstream.close()
    await emulator.close()
    await redis.stop()
    rmSync(folder, { recursive: true })
  })

  async function signInEverybody(): Promise<readonly string[]> {
    const cookies: string[] = []
    for (const username of people) {
      const visitor = createVisitor()
      expect((await signIn(visitor, `http://${host}/`, username)).status).toBe(200)
      cookies.push(visitor.cookies(`http://${host}`).join('; '))
      visitor.close()
    }
    return cookies
  }

  /** As if an hour had gone by since the provider was asked. */
  async function age(cookie: string): Promise<void> {
    const records = createRecords(store, ring)
    const id = verifySessionCookie(findSessionCookie(cookie) ?? '', ring.cookieKeys) ?? ''
    const name = { tenant: 'payroll', id }
    const found = await records.facts(name)
    if (found.found !== 'facts') throw new Error('the session is not there')
    const facts = { ...found.facts, checkedAt: found.facts.checkedAt - 3_000 }
    expect(await records.update(name, found.version, { facts, tokens: null })).toBe('updated')
  }

  function ask(port: number, cookie: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', path: '/x', headers: { host, cookie }, agent }, (answer) => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode ?? 0))
      })
      sent.on('error', reject)
      sent.end()
    })
  }

  attack(
    'T75',
    '1,000 concurrent requests of 100 sessions that are due make exactly 100 refresh calls',
    async () => {
      const cookies = await signInEverybody()
      for (const cookie of cookies) await age(cookie)
      const before = emulator.control.requests('token')
      const ports = gateways.map(({ port }) => port)
      const sent = Array.from({ length: 1_000 }, (_, n) => ask(ports[n % 3] ?? 0, cookies[n % 100] ?? ''))
      const statuses = await Promise.all(sent)
      expect(statuses.filter((status) => status !== 200)).toEqual([])
      expect(emulator.control.requests('token') - before).toBe(100)
      // Nor afterwards, wherever they ask.
      await Promise.all(cookies.flatMap((cookie) => ports.map((port) => ask(port, cookie))))
      expect(emulator.control.requests('token') - before).toBe(100)
    },
    60_000,
  )
})

const silent = { info() {}, warn() {}, error() {} }
