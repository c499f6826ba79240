import type { IncomingMessage } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn, type Visitor } from '../visitor.ts'
import { bytesOf, handshake, openWire, speak } from './wire.ts'

let stage: Stage
let server: WebSocketServer
let uwe: Visitor
const cookieOf = (visitor: Visitor, at = stage) => visitor.cookies(at.origin).join('; ')

async function personAt(at: Stage, username: string): Promise<Visitor> {
  const visitor = createVisitor()
  await signIn(visitor, `${at.origin}/`, username)
  return visitor
}

beforeAll(async () => {
  stage = await startStage()
  // Answers every WebSocket but those under /no: these it refuses with an answer of its own.
  server = new WebSocketServer({
    noServer: true,
    handleProtocols: (protocols) => [...protocols][0] ?? false,
  })
  stage.upstream.server.on('upgrade', (request: IncomingMessage, socket, head) => {
    if (request.url?.startsWith('/no')) {
      const body = 'the application says no'
      return void socket.end(`HTTP/1.1 418 Teapot\r\nContent-Length: ${body.length}\r\nX-App: yes\r\n\r\n${body}`)
    }
    server.handleUpgrade(request, socket, head, (opened) => {
      opened.on('error', () => {})
      opened.on('message', (data, binary) => opened.send(data, { binary }))
      opened.send(`hello ${request.headers['x-forwarded-email'] ?? 'nobody'}`)
    })
  })
  uwe = await personAt(stage, 'uwe@contoso.example')
})
afterEach(() => {
  for (const each of server.clients) each.terminate()
})
afterAll(async () => {
  uwe.close()
  await stage.close()
})

interface Chat {
  readonly socket: WebSocket
  readonly said: string[]
  closed(): boolean
}

/** Opens a WebSocket as a browser would. */
function openChat(path: string, cookie: string, origin: string | null = stage.origin): Chat {
  const said: string[] = []
  let closed = false
  const socket = new WebSocket(`${stage.origin.replace('http', 'ws')}${path}`, ['chat'], {
    headers: { ...(cookie === '' ? {} : { cookie }), ...(origin === null ? {} : { origin }) },
  })
  socket.on('message', (data) => said.push(String(data)))
  socket.on('error', () => {})
  socket.on('close', () => {
    closed = true
  })
  return { socket, said, closed: () => closed }
}

/** Asks for an upgrade in raw bytes. */
async function ask(line: string, lines: readonly string[], body = '') {
  const before = stage.upstream.seen.length
  const answer = await speak(stage.origin, bytesOf(stage.origin, line, lines, body))
  return { status: answer?.status, body: answer?.body, forwarded: stage.upstream.seen.length - before }
}

const own = (also: readonly string[] = []) => [`Cookie: ${cookieOf(uwe)}`, ...handshake(stage.origin), ...also]
const without = (name: string, lines: readonly string[]) => lines.filter((line) => !line.startsWith(`${name}:`))
const instead = (line: string, lines: readonly string[]) => [...without(line.split(':')[0] ?? '', lines), line]

describe('the gate for upgrades', () => {
  test('opens a WebSocket to who is signed in, and tells the application who it is', async () => {
    const chat = openChat('/chat', cookieOf(uwe))
    await until('the greeting', () => chat.said.length === 1)
    expect(chat.said).toEqual(['hello uwe.mueller@contoso.example'])
    expect(chat.socket.protocol).toBe('chat')
    const long = 'x'.repeat(300_000)
    chat.socket.send(long)
    await until('the echo', () => chat.said.length === 2)
    expect(chat.said[1]).toBe(long)
    chat.socket.close()
    await until('the end', () => chat.closed())
  })

  test('opens a public one to anybody, without an identity', async () => {
    const chat = openChat('/public', '', null)
    await until('the greeting', () => chat.said.length === 1)
    expect(chat.said).toEqual(['hello nobody'])
    chat.socket.terminate()
  })

  test('answers 401 on the socket where nobody is signed in (T99)', async () => {
    const { status, body, forwarded } = await ask('GET /x', handshake(stage.origin))
    expect({ status, forwarded }).toEqual({ status: 401, forwarded: 0 })
    expect(JSON.parse(body ?? '')).toMatchObject({ code: 'login_required' })
  })

  test('answers 401 also after earlier requests on the connection (T99)', async () => {
    const wire = await openWire(stage.origin)
    wire.send(bytesOf(stage.origin, 'GET /public'))
    expect((await wire.answer())?.status).toBe(200)
    wire.send(bytesOf(stage.origin, 'GET /x', [`Cookie: ${cookieOf(uwe)}`]))
    expect((await wire.answer())?.status).toBe(200)
    const before = stage.upstream.seen.length
    wire.send(bytesOf(stage.origin, 'GET /x', handshake(stage.origin)))
    expect((await wire.answer())?.status).toBe(401)
    expect(await wire.closed()).toBe(true)
    expect(stage.upstream.seen.length).toBe(before)
  })

  test('opens nothing while an earlier answer of the connection is still to come', async () => {
    let release = () => {}
    stage.upstream.handle((_request, response) => {
      release = () => void response.end('late')
      return true
    })
    const wire = await openWire(stage.origin)
    wire.send(bytesOf(stage.origin, 'GET /public/slow') + bytesOf(stage.origin, 'GET /public', handshake(stage.origin)))
    expect(await wire.closed()).toBe(true)
    expect(wire.rest()).toBe('')
    release()
    stage.upstream.handle(null)
  })

  for (const [what, lines, status] of [
    ['a foreign Origin (T100)', () => instead('Origin: https://evil.example', own()), 403],
    ['the Origin null (T100)', () => instead('Origin: null', own()), 403],
    ['an Origin with another port (T100)', () => instead('Origin: http://localhost:1', own()), 403],
    ['an Origin that begins like ours (T100)', () => instead(`Origin: ${stage.origin}.evil.example`, own()), 403],
    ['no Origin (T100)', () => without('Origin', own()), 403],
    ['two Origins (T100)', () => own([`Origin: ${stage.origin}`]), 400],
    ['version 12 (T103)', () => instead('Sec-WebSocket-Version: 12', own()), 400],
    ['no version (T103)', () => without('Sec-WebSocket-Version', own()), 400],
    ['two versions (T103)', () => own(['Sec-WebSocket-Version: 13']), 400],
    ['no key (T103)', () => without('Sec-WebSocket-Key', own()), 400],
    ['h2c (T103)', () => instead('Upgrade: h2c', own()), 400],
    ['TLS (T103)', () => instead('Upgrade: TLS/1.0', own()), 400],
    ['two protocols (T103)', () => instead('Upgrade: websocket, h2c', own()), 400],
    ['two Upgrade lines (T103)', () => own(['Upgrade: h2c']), 400],
    ['a body (T103)', () => own(['Content-Length: 3']), 400],
    ['a body of nothing (T103)', () => own(['Content-Length: 0']), 400],
    ['a body in chunks (T103)', () => own(['Transfer-Encoding: chunked']), 400],
  ] as const) {
    test(`refuses ${what}`, async () => {
      const body = what.includes('chunks') ? '0\r\n\r\n' : what === 'a body (T103)' ? 'abc' : ''
      const { status: got, forwarded } = await ask('GET /x', lines(), body)
      expect({ status: got, forwarded }).toEqual({ status, forwarded: 0 })
    })
  }

  for (const method of ['POST', 'OPTIONS', 'HEAD']) {
    test(`refuses ${method} as a handshake (T103)`, async () => {
      const answered = await openWire(stage.origin)
      const before = stage.upstream.seen.length
      answered.send(bytesOf(stage.origin, `${method} /x`, own()))
      expect((await answered.answer())?.status).toBe(400)
      expect(stage.upstream.seen.length).toBe(before)
      answered.end()
    })
  }

  for (const [path, status] of [
    ['/admin', 403],
    ['/ADMIN', 403],
    ['/admin;x', 403],
    ['//admin', 400],
    ['/public/../admin', 400],
    ['/.auth/me', 404],
    ['/.auth/x', 404],
  ] as const) {
    test(`holds to the rules of paths at ${path} (T1, T102)`, async () => {
      const { status: got, forwarded } = await ask(`GET ${path}`, own())
      expect({ status: got, forwarded }).toEqual({ status, forwarded: 0 })
    })
  }

  test('refuses who has no role', async () => {
    const nora = await personAt(stage, 'nora@contoso.example')
    const lines = [`Cookie: ${cookieOf(nora)}`, ...handshake(stage.origin)]
    expect(await ask('GET /x', lines)).toMatchObject({ status: 403, forwarded: 0 })
    nora.close()
  })

  test('passes the answer of an upstream that refuses on', async () => {
    const { status, body } = await ask('GET /no', own())
    expect({ status, body }).toEqual({ status: 418, body: 'the application says no' })
  })

  test('adds less than 1 KB to a handshake with our cookie (T104)', async () => {
    const before = stage.upstream.seen.length
    const chat = openChat('/chat', cookieOf(uwe))
    await until('the greeting', () => chat.said.length === 1)
    const lengthOf = (pairs: readonly string[]) => pairs.join('').length
    const seen = stage.upstream.seen[before]
    expect(lengthOf(seen?.rawHeaders ?? [])).toBeLessThan(lengthOf(own()) + 1_024)
    chat.socket.terminate()
  })

  test('cuts what is open within a second of signing out, and nobody else’s (T101)', async () => {
    const [ada, other] = [await personAt(stage, 'ada@contoso.example'), await personAt(stage, 'ada@contoso.example')]
    const chats = [openChat('/a', cookieOf(ada)), openChat('/b', cookieOf(ada)), openChat('/c', cookieOf(other))]
    await until('the greetings', () => chats.every((each) => each.said.length === 1))
    const cookie = cookieOf(ada)
    const started = performance.now()
    await ada.ask(`${stage.origin}/.auth/logout`, { method: 'POST', headers: { origin: stage.origin }, body: '' })
    await until('the cut', () => chats[0]?.closed() === true && chats[1]?.closed() === true, 2_000)
    expect(performance.now() - started).toBeLessThan(1_000)
    chats[2]?.socket.send('still there')
    await until('the echo', () => chats[2]?.said[1] === 'still there')
    expect(await ask('GET /x', [`Cookie: ${cookie}`, ...handshake(stage.origin)])).toMatchObject({ status: 401 })
    chats[2]?.socket.terminate()
    for (const each of [ada, other]) each.close()
  })
})

describe.skipIf(redisMissing())('the gate for upgrades, while the store is slow', () => {
  let redis: TestRedis
  let first: Stage
  /** Shares the store with the first, and has not seen its sessions: it has to ask. */
  let second: Stage

  beforeAll(async () => {
    redis = await startRedis()
    const session = `store: { type: redis, url: '${redis.url}' }`
    first = await startStage({ session })
    // The same provider for both: a session of another authority would count for nothing.
    second = await startStage({ session, authority: first.emulator.origin })
  })
  afterAll(async () => {
    redis.thaw()
    await first.close()
    await second.close()
    await redis.stop()
  })

  test('lives when sockets are reset, and answers 503 who stays (T132)', async () => {
    const ada = await personAt(first, 'ada@contoso.example')
    const lines = [`Cookie: ${cookieOf(ada, first)}`, ...handshake(second.origin)]
    redis.freeze()
    const wires = await Promise.all(Array.from({ length: 5 }, () => openWire(second.origin)))
    for (const wire of wires) wire.send(bytesOf(second.origin, 'GET /x', lines))
    // Whoever is reset has been read by then: the answer to a later caller shows it.
    expect((await speak(second.origin, bytesOf(second.origin, 'GET /public')))?.status).toBe(200)
    for (const wire of wires.slice(1)) wire.socket.resetAndDestroy()
    expect((await wires[0]?.answer())?.status).toBe(503)
    redis.thaw()
    const opened = async () => (await speak(second.origin, bytesOf(second.origin, 'GET /x', lines.slice(0, 1))))?.status
    await until('the store', async () => (await opened()) === 200)
    ada.close()
  })
})
