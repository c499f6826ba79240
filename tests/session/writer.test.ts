/** What express-session writes the gate reads, and the reverse: over a real server with Express. */
import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http'
import express from 'express'
import { afterEach, describe, expect, test } from 'vitest'
import type { Tenant } from '../../src/core/gateway.ts'
import type { SessionTokens } from '../../src/core/identity/session.ts'
import { storeKey } from '../../src/session/seal.ts'
import { createSessions } from '../../src/session/sessions.ts'
import type { SessionStore } from '../../src/session/store.ts'
import { createMemoryStore } from '../../src/session/store-memory.ts'
import { createSessionWriter } from '../../src/session/writer.ts'
import { until } from '../redis.ts'
import { facts, newCookie, now, policy, readableLog, ring, tokens } from './people.ts'

interface Reply {
  readonly status: number
  readonly text: string
  readonly headers: IncomingHttpHeaders
  /** The Cookie header that a browser would send back. */
  readonly cookie: string
}

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

const tenantNamed = (name: string, embeddedBy: readonly string[] = []) => ({ name, embeddedBy }) as unknown as Tenant

/** The gateway's endpoints in small: sign in, sign out, touch the session by hand, who am I. */
async function setUp(wrap: (store: SessionStore) => SessionStore = (store) => store) {
  const log = readableLog()
  const memory = createMemoryStore({ maxSessions: 1000, clock: now, log })
  const store = wrap(memory)
  const sessions = createSessions({ store, ring, policy, clock: now, log })
  const writer = createSessionWriter({ sessions, ring })
  const tenants = { payroll: tenantNamed('payroll'), canteen: tenantNamed('canteen') }
  const gate = {
    slow: Promise.resolve() as Promise<unknown>,
    seen: [] as (SessionTokens | null)[],
    errors: [] as Error[],
  }
  const app = express()
  app.use((request, response, next) => {
    request.headers['x-forwarded-proto'] = request.headers['x-scheme'] === 'http' ? 'http' : 'https'
    const tenant = request.headers['x-tenant'] === 'canteen' ? tenants.canteen : tenants.payroll
    writer.handler(tenant)(request, response, next)
  })
  app.get('/login', async (request, response) => {
    const tenant = request.headers['x-tenant'] === 'canteen' ? 'canteen' : 'payroll'
    await writer.signIn(request, facts({ tenant, objectId: String(request.query.who ?? 'ada') }), tokens)
    response.send('signed in')
  })
  app.get('/logout', async (request, response) => {
    gate.seen.push(await writer.signOut(request))
    response.send('signed out')
  })
  app.get('/slow', async (request, response) => {
    const before = request.session.facts?.objectId ?? 'nobody'
    await gate.slow
    response.send(`slow ${before}`)
  })
  app.get('/scribble', (request, response) => {
    Object.assign(request.session, { basket: [1, 2, 3] })
    response.send('scribbled')
  })
  app.get('/express', (request, response) => {
    response.send(request.session.facts?.objectId ?? 'nobody')
  })
  app.get('/gate', async (request, response) => {
    const session = await sessions.load(String(request.headers['x-tenant'] ?? 'payroll'), request.headers.cookie)
    response.send(session?.facts.objectId ?? 'nobody')
  })
  app.use((error: Error, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
    gate.errors.push(error)
    if (!response.headersSent) response.status(503).send(error.message)
  })
  const server = createServer(app)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const get = (path: string, cookie = '', headers: Record<string, string> = {}) =>
    call(port, path, { cookie, ...headers })
  return { get, store, memory, sessions, gate, writer, tenants, log }
}

function call(port: number, path: string, headers: Record<string, string>): Promise<Reply> {
  return new Promise((resolve, reject) => {
    httpRequest({ port, path, headers, host: '127.0.0.1' }, async (response) => {
      let text = ''
      for await (const chunk of response) text += chunk
      const [set = ''] = response.headers['set-cookie'] ?? []
      resolve({ status: response.statusCode ?? 0, text, headers: response.headers, cookie: set.split(';')[0] ?? '' })
    })
      .once('error', reject)
      .end()
  })
}

const idOf = (cookie: string) => cookie.slice('__Host-sid=s%3A'.length, '__Host-sid=s%3A'.length + 22)

describe('signIn', () => {
  test('signIn writes a session that the gate reads, in a cookie of at most 100 bytes', async () => {
    const { get } = await setUp()
    const { cookie, headers } = await get('/login')
    expect(headers['set-cookie']).toHaveLength(1)
    expect(headers['set-cookie']?.[0]).toMatch(/^__Host-sid=s%3A[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    expect(Buffer.byteLength(cookie)).toBeLessThanOrEqual(100)
    expect((await get('/gate', cookie)).text).toBe('ada')
    expect((await get('/express', cookie)).text).toBe('ada')
  })

  test('express-session reads a session that the gate’s side wrote', async () => {
    const { get, sessions } = await setUp()
    const { id, header } = newCookie()
    await sessions.create({ tenant: 'payroll', id }, { facts: facts({ objectId: 'grace' }), tokens })
    expect((await get('/express', header)).text).toBe('grace')
    await get('/logout', header)
    expect((await get('/gate', header)).text).toBe('nobody')
  })

  test('signIn gives a new id and ends the old session, also from a validly signed planted cookie (T42, T50)', async () => {
    const { get, memory } = await setUp()
    const planted = (await get('/login?who=attacker')).cookie
    const { cookie } = await get('/login?who=victim', planted)
    expect(cookie).not.toBe(planted)
    expect((await get('/gate', cookie)).text).toBe('victim')
    expect((await get('/gate', planted)).text).toBe('nobody')
    expect(await memory.read(storeKey(idOf(planted)))).toBeNull()
  })

  test('signIn never takes over an id that was signed but never given out (T42)', async () => {
    const { get } = await setUp()
    const planted = newCookie()
    const { cookie } = await get('/login', planted.header)
    expect(idOf(cookie)).not.toBe(planted.id)
    expect((await get('/gate', planted.header)).text).toBe('nobody')
  })

  test('signIn at one tenant neither reads nor ends the session of another (T63)', async () => {
    const { get } = await setUp()
    const { cookie } = await get('/login')
    const atCanteen = { 'x-tenant': 'canteen' }
    expect((await get('/express', cookie, atCanteen)).text).toBe('nobody')
    const other = await get('/login?who=cook', cookie, atCanteen)
    await get('/logout', cookie, atCanteen)
    expect((await get('/gate', cookie)).text).toBe('ada')
    expect((await get('/gate', other.cookie)).text).toBe('nobody')
    expect((await get('/gate', other.cookie, atCanteen)).text).toBe('cook')
  })

  test('signIn answers only when the store has the session', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let creating = false
    const { get } = await setUp((store) => ({
      ...store,
      async create(key, records) {
        creating = true
        await held
        return store.create(key, records)
      },
    }))
    let answered = false
    const reply = get('/login').then((each) => {
      answered = true
      return each
    })
    await until('the session is being written', () => creating)
    expect(answered).toBe(false)
    release()
    const { cookie } = await reply
    expect((await get('/gate', cookie)).text).toBe('ada')
  })

  test('signIn that the store refuses sets no cookie and leaves nothing behind', async () => {
    let created = 0
    const { get } = await setUp((store) => ({
      ...store,
      create() {
        created += 1
        return Promise.reject(new Error('store is away'))
      },
    }))
    const reply = await get('/login')
    expect(reply.status).toBe(503)
    expect(reply.headers['set-cookie']).toBeUndefined()
    expect(created).toBe(1)
  })

  test('signIn writes once, although express-session saves again at the end of the answer (T74)', async () => {
    const keys: string[] = []
    const { get, gate } = await setUp((store) => ({
      ...store,
      create(key, records) {
        keys.push(key)
        return store.create(key, records)
      },
    }))
    await get('/login')
    await get('/login', (await get('/login')).cookie)
    expect(keys).toHaveLength(3)
    expect(new Set(keys).size).toBe(3)
    expect(gate.errors).toEqual([])
  })
})

describe('signOut', () => {
  test('signOut ends the session and gives its tokens; the cookie is worth nothing afterwards (T50, T69)', async () => {
    const { get, gate, memory } = await setUp()
    const { cookie } = await get('/login')
    const { headers } = await get('/logout', cookie)
    expect(headers['set-cookie']).toBeUndefined()
    expect(gate.seen).toEqual([tokens])
    expect((await get('/gate', cookie)).text).toBe('nobody')
    expect((await get('/express', cookie)).text).toBe('nobody')
    expect(await memory.readTokens(storeKey(idOf(cookie)))).toBeNull()
  })

  test('signOut of nobody does nothing', async () => {
    const { get, gate } = await setUp()
    expect((await get('/logout')).text).toBe('signed out')
    expect(gate.seen).toEqual([null])
  })

  test('a slow request across a logout does not bring the session back (T74)', async () => {
    const { get, gate, memory } = await setUp()
    const { cookie } = await get('/login')
    let release = () => {}
    gate.slow = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow = get('/slow', cookie)
    await get('/logout', cookie)
    release()
    expect((await slow).status).toBe(200)
    expect((await get('/gate', cookie)).text).toBe('nobody')
    expect(await memory.read(storeKey(idOf(cookie)))).toBeNull()
  })
})

describe('handler', () => {
  test('handler stores and sets nothing for visitors (T95)', async () => {
    let written = 0
    const { get } = await setUp((store) => ({
      ...store,
      create(key, records) {
        written += 1
        return store.create(key, records)
      },
    }))
    for (const path of ['/express', '/slow', '/gate']) {
      expect((await get(path)).headers['set-cookie']).toBeUndefined()
      expect((await get(path, newCookie().header)).headers['set-cookie']).toBeUndefined()
    }
    expect(written).toBe(0)
  })

  test('handler refuses every write that is not a sign-in', async () => {
    const { get, memory, gate } = await setUp()
    const { cookie } = await get('/login')
    const before = await memory.read(storeKey(idOf(cookie)))
    await get('/scribble', cookie)
    expect(await memory.read(storeKey(idOf(cookie)))).toEqual(before)
    const reply = await get('/scribble')
    expect(gate.errors.map((error) => error.message)).toContain('A session is only written by a sign-in')
    expect((await get('/gate', reply.cookie)).text).toBe('nobody')
  })

  test('handler sets no cookie where the scheme is not https', async () => {
    const { get } = await setUp()
    expect((await get('/login', '', { 'x-scheme': 'http' })).headers['set-cookie']).toBeUndefined()
  })

  test('handler is one per compiled tenant', async () => {
    const { writer, tenants } = await setUp()
    expect(writer.handler(tenants.payroll)).toBe(writer.handler(tenants.payroll))
    expect(writer.handler(tenants.payroll)).not.toBe(writer.handler(tenants.canteen))
  })

  test('handler asks the store nothing at the end of an answer that changed nothing', async () => {
    const asked: string[] = []
    const { get } = await setUp((store) => ({
      ...store,
      read(key) {
        asked.push('read')
        return store.read(key)
      },
      end(key) {
        asked.push('end')
        return store.end(key)
      },
    }))
    const { cookie } = await get('/login')
    asked.length = 0
    await get('/express', cookie)
    await get('/express', cookie)
    expect(asked).toEqual(['read'])
  })
})
