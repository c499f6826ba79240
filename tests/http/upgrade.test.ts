import type { IncomingMessage } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { until } from '../redis.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn, type Visitor } from '../visitor.ts'
import { bytesOf, handshake, speak } from './wire.ts'

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
})
