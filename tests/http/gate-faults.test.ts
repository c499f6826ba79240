/** What the gate answers when something that it depends on fails: nobody is let in, nobody is logged out, what is open stays open. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { Fault } from '../../src/core/fault.ts'
import type { Tenant } from '../../src/core/gateway.ts'
import type { Session } from '../../src/core/identity/session.ts'
import { Secret } from '../../src/core/secret.ts'
import { createGate } from '../../src/http/gate.ts'
import { listen } from '../../src/http/listen.ts'
import { loadFor, sessionIn } from '../../src/http/load-session.ts'
import { createUpgradeGate } from '../../src/http/upgrade.ts'
import { createLog } from '../../src/ops/log.ts'
import { createParts } from '../../src/parts.ts'
import { createKeyRing } from '../../src/session/seal.ts'
import type { Sessions } from '../../src/session/sessions.ts'
import { attack } from '../attacks/attack.ts'
import { facts, tenant } from '../core/build.ts'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'
import { newCookie } from '../session/people.ts'
import { freePort, type Stage, stageYaml, startStage } from '../stage.ts'
import { createVisitor, navigation, signIn, type Visitor } from '../visitor.ts'
import { expectPage, setCookies, sid } from './scene.ts'

describe.skipIf(redisMissing())('the gate while Redis is silent', () => {
  let redis: TestRedis
  let stage: Stage
  let ada: Visitor
  /** Signed by us, and unknown here: only the store could say whose it is. */
  const unknown = newCookie(createKeyRing([new Secret('a-session-secret-of-the-tests-0123456789abcdef')])).header
  const stranger = createVisitor()

  beforeAll(async () => {
    redis = await startRedis()
    stage = await startStage({ session: `store: { type: redis, url: '${redis.url}' }` })
    await until('Redis', async () =>
      (await stranger.ask(`${stage.management}/readyz`)).body.includes('"sessionStore":"ready"'),
    )
    ada = createVisitor()
    expect((await signIn(ada, `${stage.origin}/x`, 'ada@contoso.example')).status).toBe(200)
    redis.freeze()
  })
  afterAll(async () => {
    redis.thaw()
    for (const visitor of [ada, stranger]) visitor.close()
    await stage.close()
    await redis.stop()
  })

  const ask = (path: string, headers: Record<string, string> = {}) =>
    stranger.ask(stage.origin + path, { headers: { cookie: unknown, ...headers } })

  attack('T76', 'lets in nobody whom it does not know, says so, and leaves the cookie', async () => {
    const seen = stage.upstream.seen.length
    const page = await ask('/x', navigation)
    expectPage(page, 503, 'session_store_down')
    const data = await ask('/x')
    expect(JSON.parse(data.body)).toMatchObject({ status: 503, code: 'session_store_down' })
    const me = await ask('/.auth/me')
    for (const reply of [page, data, me]) {
      expect(reply.status).toBe(503)
      expect(reply.headers['retry-after']).toBe('5')
      expect(setCookies(reply)).toEqual([])
    }
    expect(stage.upstream.seen.length).toBe(seen)
  })

  attack('T76', 'goes on for whom it knows', async () => {
    const { status, body } = await ada.ask(`${stage.origin}/admin`)
    expect(status).toBe(200)
    expect(JSON.parse(body).headers['x-forwarded-roles']).toBe('admin,user')
    expect(ada.cookie(stage.origin, sid)).toBeDefined()
  })

  test('keeps public and optional routes open, and names nobody there', async () => {
    for (const path of ['/public', '/optional']) {
      const { status, body } = await ask(path)
      expect([path, status]).toEqual([path, 200])
      expect(Object.keys(JSON.parse(body).headers).filter((name) => /user|email|roles|groups/.test(name))).toEqual([])
    }
  })

  test('still begins sign-ins, and finishes none that the store cannot mark as used', async () => {
    const visitor = createVisitor()
    const reply = await signIn(visitor, `${stage.origin}/x`, 'uwe@contoso.example')
    expectPage(reply, 503, 'session_store_down')
    expect(visitor.cookie(stage.origin, sid)).toBeUndefined()
    visitor.close()
  })

  test('knows again who is nobody when Redis is back', async () => {
    redis.thaw()
    await until('an answer', async () => (await ask('/x')).status === 401)
  })
})

test('the gate answers a defect with 500 and a request id, tells nothing of it, and logs the stack', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-defect-'))
  const file = join(folder, 'sallyport.yaml')
  const nowhere = 'http://127.0.0.1:1'
  writeFileSync(file, stageYaml({ port: await freePort(), upstream: nowhere, authority: nowhere }))
  const lines: string[] = []
  const log = createLog({ level: 'info', destination: { write: (line: string) => void lines.push(line) } })
  const gateway = loadConfig(file, { env: {} })
  const parts = createParts(gateway, log)
  const forward = () => Promise.reject(new TypeError('planted defect'))
  const broken = { ...parts, forwarder: { ...parts.forwarder, forward } }
  const main = await listen({
    ...{ address: gateway.server.listen, gate: createGate(broken), upgrade: createUpgradeGate(broken).take },
    ...{ current: parts.current, answers: parts.answers, metrics: parts.metrics, log, lasting: parts.lasting },
  })
  const visitor = createVisitor()
  const reply = await visitor.ask(`http://localhost:${main.port}/public?planted=query`, { headers: navigation })
  expectPage(reply, 500, 'internal_error')
  expect(reply.body).not.toMatch(/planted defect|TypeError/)
  const [requestId] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(reply.body) ?? []
  const logged = lines.map((line) => JSON.parse(line)).filter((line) => line.requestId === requestId)
  expect(logged).toMatchObject([{ event: 'request_failed', level: 'error', reason: 'internal_error', path: '/public' }])
  expect(logged[0].error.stack).toContain('planted defect')
  expect(lines.join('')).not.toContain('planted=query')
  visitor.close()
  await main.drain(0)
  await parts.close()
  rmSync(folder, { recursive: true })
})

describe('loadFor', () => {
  const failing = (error: Error) => ({
    sessions: { load: () => Promise.reject(error) } as unknown as Sessions,
    revalidation: { confirm: (_tenant: Tenant, session: Session) => session },
  })
  const optional = {
    requirement: { level: 'optional' },
    route: { keepsAlive: true },
    tenant: tenant(),
  } as unknown as Parameters<typeof loadFor>[1]

  test('is known for nobody on an optional route while the store is away, which is not the same as nobody (T76)', async () => {
    const loaded = await loadFor(failing(new Fault('session_store_down')), optional, facts())
    expect(loaded).toEqual({ is: 'unknown' })
    expect(sessionIn(loaded)).toBeNull()
  })

  test('does not take a defect for an absent store', async () => {
    await expect(loadFor(failing(new TypeError('a defect')), optional, facts())).rejects.toThrow('a defect')
  })
})
