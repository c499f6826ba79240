import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { acceptedFramings, type FramingCase, oddAnswers, refusedFramings } from '../corpus/framing.ts'
import { bytesOf, handshake, openWire, speak, type WireAnswer } from '../http/wire.ts'
import { until } from '../redis.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn } from '../visitor.ts'
import { attack } from './attack.ts'
import { plainAnswer, type Recorded, type Recorder, startRecorder } from './recorder.ts'

let stage: Stage
let application: Recorder
let cookie: string

beforeAll(async () => {
  application = await startRecorder()
  stage = await startStage({ upstreamUrl: application.origin, server: ', timeouts: { headers: 1s, body: 1s }' })
  const visitor = createVisitor()
  await signIn(visitor, `${stage.origin}/.auth/login?return_to=/public`, 'uwe@contoso.example')
  cookie = `Cookie: ${visitor.cookies(stage.origin).join('; ')}`
  visitor.close()
  application.reset()
})
afterEach(() => application.reset())
afterAll(async () => {
  await stage.close()
  await application.close()
})

interface Asker {
  readonly path: string
  readonly signedIn: boolean
  /** Whether they may have it. */
  readonly open: boolean
  readonly upgrade?: true
}

const askers: readonly Asker[] = [
  { path: '/public/outer', signedIn: false, open: true },
  { path: '/outer', signedIn: true, open: true },
  { path: '/outer', signedIn: false, open: false },
]
const shaking: readonly Asker[] = [
  { path: '/public/outer', signedIn: false, open: true, upgrade: true },
  { path: '/outer', signedIn: true, open: true, upgrade: true },
]

/** A request for what nobody may have, which must never be seen as one. */
const inner = () => bytesOf(stage.origin, 'GET /public/inner', ['X-Forwarded-User: admin'])

function framed({ lines, body = '', line = 'POST $path HTTP/1.1' }: FramingCase, asker: Asker): string {
  const { host } = new URL(stage.origin)
  const start = asker.upgrade ? line.replace('POST', 'GET') : line
  const own = [...(asker.signedIn ? [cookie] : []), ...(asker.upgrade ? handshake(stage.origin) : [])]
  const all = [start.replace('$path', asker.path), `Host: ${host}`, ...own, ...lines]
  return `${all.join('\r\n')}\r\n\r\n${body.replaceAll('$inner', inner())}`
}

/** The gateway lives, and the next caller gets an answer of their own: the last that the application has seen. */
async function expectHonestNext(): Promise<void> {
  application.handle(null)
  const seen = application.requests.length
  const answer = await speak(stage.origin, bytesOf(stage.origin, 'GET /public/after'))
  expect(answer).toMatchObject({ status: 200, body: 'answer to GET /public/after' })
  expect(application.requests.slice(seen).map(({ target }) => target)).toEqual(['/public/after'])
  expect(application.faults).toEqual([])
  expect(application.requests.filter(({ target }) => target.includes('inner'))).toEqual([])
}

for (const row of refusedFramings) {
  attack('T93', `states ${row.what}: refused once, and nothing of it is a request to anybody`, async () => {
    for (const asker of [...askers, ...shaking]) {
      const wire = await openWire(stage.origin)
      wire.send(framed(row, asker) + (row.lasts ? '' : inner()))
      const answer = await wire.answer()
      // Whoever may not have it, or asks for a WebSocket with a body, is told so before anybody reads that.
      const early = asker.upgrade ? [400] : asker.open ? [] : [401]
      const statuses = [...(row.statuses ?? [400]), ...early]
      expect(statuses, asker.path).toContain(answer?.status)
      if (!row.lasts) expect(await wire.closed()).toBe(true)
      expect(wire.rest()).toBe('')
      wire.end()
      expect(application.requests).toEqual([])
    }
    await expectHonestNext()
  })
}

for (const row of acceptedFramings) {
  attack('T93', `states ${row.what}: one request arrives, framed anew`, async () => {
    for (const asker of askers) {
      application.reset()
      const wire = await openWire(stage.origin)
      wire.send(framed({ ...row, body: row.body ?? '' }, asker))
      const toHead = row.line?.startsWith('HEAD') === true
      const answer = await wire.answer({ toHead })
      expect(answer?.status, asker.path).toBe(asker.open ? 200 : 401)
      wire.end()
      expect(application.requests.map(({ body }) => body)).toEqual(asker.open ? [row.arrives] : [])
      const [{ head }] = application.requests.length > 0 ? (application.requests as [Recorded]) : [{ head: '' }]
      expect(head).not.toMatch(/^(?:te|trailer|expect|x-any|transfer_|content_)/im)
      expect(head).not.toMatch(/evil\.example|admin$|: a=b|Basic x/im)
      expect(application.faults).toEqual([])
    }
    await expectHonestNext()
  })
}

attack('T93', 'hides a request in the body of one, framed in each way, and it stays a body', async () => {
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    for (const chunked of [false, true]) {
      const text = inner()
      const lines = chunked ? ['Transfer-Encoding: chunked'] : [`Content-Length: ${text.length}`]
      const body = chunked ? `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n` : text
      const wire = await openWire(stage.origin)
      wire.send(bytesOf(stage.origin, `${method} /public/outer`, lines, body))
      expect((await wire.answer({ toHead: method === 'HEAD' }))?.status).toBe(200)
      expect(application.requests.splice(0)).toMatchObject([{ method, target: '/public/outer', body: text }])
      wire.end()
    }
  }
  await expectHonestNext()
})

for (const [what, bytes] of [
  ['a line of a request', 'GET /public/outer HT'],
  ['headers', 'GET /public/outer HTTP/1.1\r\nHost: x\r\nX: '],
  ['nothing but an end of line', '\r\n'],
] as const) {
  attack('T93', `begins ${what} and stops: told 408, and cut`, async () => {
    const wire = await openWire(stage.origin)
    wire.send(bytes)
    expect((await wire.answer())?.status).toBe(408)
    expect(await wire.closed()).toBe(true)
    expect(application.requests).toEqual([])
    await expectHonestNext()
  })
}

for (const [what, lines, body] of [
  ['a length', ['Content-Length: 5'], 'abc'],
  ['chunks without the last one', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n'],
  ['half a chunk', ['Transfer-Encoding: chunked'], '5\r\nab'],
  ['a last chunk without its end', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\n'],
  ['a trailer without end', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\nX: y\r\n'],
] as const) {
  attack('T93', `announces ${what} and stops: told 408, cut, and let go at the application`, async () => {
    const wire = await openWire(stage.origin)
    wire.send(bytesOf(stage.origin, 'POST /public/outer', lines, body))
    expect((await wire.answer())?.status).toBe(408)
    expect(await wire.closed()).toBe(true)
    expect(wire.rest()).toBe('')
    expect(application.requests).toEqual([])
    await until('the application to be let go', () => application.open() === 0)
    await expectHonestNext()
  })
}

attack('T93', 'sends twenty requests at once: each is answered, in turn, with its own', async () => {
  // The application answers the last first.
  const waiting: (() => void)[] = []
  application.handle(({ method, target }, socket) => {
    waiting.push(() => void socket.write(plainAnswer(`answer to ${method} ${target}`)))
    if (waiting.length === 14) for (const answer of waiting.reverse()) answer()
  })
  const paths = Array.from({ length: 20 }, (_none, at) => (at % 3 === 2 ? `/admin/${at}` : `/public/${at}`))
  const wire = await openWire(stage.origin)
  wire.send(paths.map((path) => bytesOf(stage.origin, `GET ${path}`)).join(''))
  for (const path of paths) {
    const answer = await wire.answer()
    if (path.startsWith('/admin')) expect(answer?.status).toBe(401)
    else expect(answer).toMatchObject({ status: 200, body: `answer to GET ${path}` })
  }
  expect(wire.rest()).toBe('')
  wire.end()
  await expectHonestNext()
})

attack(
  'T93',
  'sends a thousand requests at once: cut before it is a thousand connections to the application',
  async () => {
    application.handle(() => {})
    const wire = await openWire(stage.origin)
    wire.send(bytesOf(stage.origin, 'GET /public/outer').repeat(1_000))
    expect(await wire.closed()).toBe(true)
    expect(wire.rest()).toBe('')
    expect(application.requests.length).toBeLessThanOrEqual(100)
    await expectHonestNext()
  },
)

attack('T48', 'is refused with a request in the body: one answer, and the application untouched', async () => {
  for (const [line, lines, status] of [
    ['POST /outer', [], 401],
    ['POST /admin/outer', ['$cookie'], 403],
    ['POST /reports', ['$cookie'], 405],
    ['POST /public/../outer', [], 400],
    ['POST /.auth/nothing', [], 404],
    ['POST /public/outer', ['Host: evil.example'], 421],
  ] as const) {
    for (const chunked of [false, true]) {
      const text = inner()
      const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${text.length}`
      const body = chunked ? `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n` : text
      const wire = await openWire(stage.origin)
      const all = [...lines.map((each) => each.replace('$cookie', cookie)), framing]
      wire.send(bytesOf(stage.origin, line, all, body))
      expect((await wire.answer())?.status, line).toBe(status)
      // Where the connection stays open, what follows is a request of its own, and is answered as such.
      wire.send(bytesOf(stage.origin, 'GET /public/next'))
      const next = await wire.answer({ milliseconds: 2_000 })
      if (next !== null) expect(next).toMatchObject({ status: 200, body: 'answer to GET /public/next' })
      expect(wire.rest()).toBe('')
      wire.end()
      expect(application.requests.splice(0).map(({ target }) => target)).toEqual(next === null ? [] : ['/public/next'])
    }
  }
  await expectHonestNext()
})

attack('T48', 'turns its body into garbage when half an answer is there: nothing is hung on to it', async () => {
  application.ignoreBodies(true)
  application.handle((_request, socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nbegun'))
  const wire = await openWire(stage.origin)
  wire.send(bytesOf(stage.origin, 'POST /public/outer', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n'))
  await until('the beginning', () => wire.rest().endsWith('begun'))
  wire.send(`zz\r\n${inner()}`)
  expect(await wire.closed()).toBe(true)
  expect(wire.rest().match(/HTTP\/1\.1/g)).toHaveLength(1)
  expect(wire.rest()).toMatch(/begun$/)
  application.reset()
  await expectHonestNext()
})

attack('T48', 'asks for an upgrade behind a request whose answer is not there: no answers mingle', async () => {
  const waiting: (() => void)[] = []
  application.handle((_request, socket) => void waiting.push(() => void socket.write(plainAnswer('late'))))
  const wire = await openWire(stage.origin)
  const upgrade = bytesOf(stage.origin, 'GET /public/socket', handshake(stage.origin))
  wire.send(bytesOf(stage.origin, 'GET /public/outer') + upgrade)
  expect(await wire.closed()).toBe(true)
  expect(wire.rest()).toBe('')
  expect(application.requests.map(({ target }) => target)).not.toContain('/public/socket')
  await expectHonestNext()
})

for (const [what, lines, body] of [
  ['a length', ['Content-Length: $length'], '$inner'],
  ['chunks', ['Transfer-Encoding: chunked'], '$chunks'],
  ['an expectation', ['Expect: 100-continue', 'Content-Length: $length'], '$inner'],
  ['a length in HTTP/1.0', ['Content-Length: $length', 'Connection: keep-alive'], '$inner'],
] as const) {
  attack('T120', `sends a body with ${what} to what ignores it: no other request shares its connection`, async () => {
    application.ignoreBodies(true)
    const text = inner()
    const chunks = `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`
    for (const method of ['POST', 'GET', 'PUT', 'DELETE']) {
      const all = lines.map((line) => line.replace('$length', String(text.length)))
      const wire = await openWire(stage.origin)
      wire.send(
        bytesOf(stage.origin, `${method} /public/outer`, all, body === '$chunks' ? chunks : text).replace(
          what.endsWith('1.0') ? 'HTTP/1.1' : 'nothing',
          'HTTP/1.0',
        ),
      )
      expect(await wire.answer()).toMatchObject({ status: 200, body: `answer to ${method} /public/outer` })
      wire.end()
      for (let round = 0; round < 3; round += 1) {
        const next = await speak(stage.origin, bytesOf(stage.origin, `GET /public/next-${round}`))
        expect(next?.body).toBe(`answer to GET /public/next-${round}`)
      }
    }
    const withBodies = application.requests.filter(({ target }) => target === '/public/outer')
    const others = application.requests.filter(({ target }) => target.startsWith('/public/next'))
    expect(withBodies).toHaveLength(4)
    expect(others.map(({ connection }) => connection)).not.toEqual(
      expect.arrayContaining([
        expect.toSatisfy((at: number) => withBodies.some(({ connection }) => connection === at)),
      ]),
    )
  })
}

attack(
  'T120',
  'is answered before its upload is done: the answer is whole, and the connection is nobody else’s',
  async () => {
    application.ignoreBodies(true)
    application.handle((_request, socket) => {
      socket.write('HTTP/1.1 413 Too large\r\nContent-Length: 5\r\n\r\nlarge')
    })
    const wire = await openWire(stage.origin)
    wire.send(bytesOf(stage.origin, 'POST /public/outer', ['Content-Length: 1000000'], 'x'.repeat(1_000)))
    expect(await wire.answer()).toMatchObject({ status: 413, body: 'large' })
    wire.end()
    application.handle(null)
    application.ignoreBodies(false)
    const answer = await speak(stage.origin, bytesOf(stage.origin, 'GET /public/after'))
    expect(answer?.body).toBe('answer to GET /public/after')
    const [upload, after] = application.requests
    expect(after?.connection).not.toBe(upload?.connection)
  },
)

/** What follows an odd answer on the same connections is honest. */
async function expectHonestAnswers(wire: Awaited<ReturnType<typeof openWire>>): Promise<void> {
  if (!wire.socket.destroyed && wire.socket.writable) {
    wire.send(bytesOf(stage.origin, 'GET /public/same'))
    const same = await wire.answer()
    if (same !== null) expect(same).toMatchObject({ status: 200, body: 'honest /public/same' })
  }
  for (const path of ['/public/next-1', '/public/next-2']) {
    const next = await speak(stage.origin, bytesOf(stage.origin, `GET ${path}`))
    expect(next).toMatchObject({ status: 200, body: `honest ${path}` })
  }
}

for (const { what, pieces, statuses, keeps } of oddAnswers) {
  attack('T93', `comes after an answer of ${what}: nobody gets what is another's`, async () => {
    for (const method of ['GET', 'POST', 'HEAD']) {
      application.reset()
      let first: Socket | null = null
      application.handle((request, socket) => {
        if (first !== null) return void socket.write(plainAnswer(`honest ${request.target}`))
        first = socket
        void sendPieces(socket, pieces)
      })
      const wire = await openWire(stage.origin)
      const post = method === 'POST'
      wire.send(bytesOf(stage.origin, `${method} /public/first`, post ? ['Content-Length: 3'] : [], post ? 'abc' : ''))
      const answer = await wire.answer({ toHead: method === 'HEAD' })
      expectOwnAnswer(answer, statuses, method)
      // What comes after a HEAD is too much in every one of these.
      if (keeps === undefined || method === 'HEAD')
        await until('the connection to close', () => first?.destroyed === true)
      await expectHonestAnswers(wire)
      expect(wire.rest()).not.toContain('poison')
      wire.end()
    }
  })
}

attack(
  'T93',
  'waits behind another request for a refused answer, whose connection meanwhile serves nobody',
  async () => {
    const sockets = new Map<string, Socket>()
    application.handle(({ target }, socket) => {
      sockets.set(target, socket)
      if (target === '/public/odd') socket.write('HTTP/1.1 101 X\r\n\r\n')
      if (target === '/public/next') socket.write(plainAnswer('honest'))
    })
    const wire = await openWire(stage.origin)
    wire.send(bytesOf(stage.origin, 'GET /public/slow') + bytesOf(stage.origin, 'GET /public/odd'))
    await until('both', () => sockets.size === 2)
    await until('its connection to close', () => sockets.get('/public/odd')?.destroyed === true)
    const next = await speak(stage.origin, bytesOf(stage.origin, 'GET /public/next'))
    expect(next).toMatchObject({ status: 200, body: 'honest' })
    sockets.get('/public/slow')?.write(plainAnswer('slow'))
    expect(await wire.answer()).toMatchObject({ status: 200, body: 'slow' })
    expect((await wire.answer())?.status).toBe(502)
    wire.end()
  },
)

async function sendPieces(socket: Socket, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return
    socket.write(piece.replaceAll('$poison', plainAnswer('poison')), 'latin1')
    // The next piece arrives by itself.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  }
}

function expectOwnAnswer(answer: WireAnswer | null, statuses: readonly number[], method: string): void {
  expect(`${answer?.head}${answer?.body}`).not.toMatch(/poison|__Host-sid/)
  // A HEAD has no body that could be broken; its head is passed on.
  if (method === 'HEAD') return
  if (statuses.includes(0)) expect(answer === null || /transfer-encoding: chunked/i.test(answer.head)).toBe(true)
  else expect(statuses).toContain(answer?.status)
  if (answer?.status === 200 && !statuses.includes(0)) expect(answer.body).toBe('first')
}

attack('T93', 'asks for a WebSocket and is answered with a bare 101 or an odd coding: 502, and no tunnel', async () => {
  for (const head of [
    'HTTP/1.1 101 X',
    'HTTP/1.1 101 X\r\nConnection: Upgrade',
    'HTTP/1.1 400 X\r\nTransfer-Encoding: x',
  ]) {
    application.handle((_request, socket) => void socket.write(`${head}\r\n\r\n${plainAnswer('poison')}`))
    const wire = await openWire(stage.origin)
    wire.send(bytesOf(stage.origin, 'GET /public/socket', handshake(stage.origin)))
    const answer = await wire.answer()
    expect(answer?.status, head).toBe(502)
    expect(await wire.closed()).toBe(true)
    expect(`${answer?.body}${wire.rest()}`).not.toContain('poison')
  }
  application.reset()
  await expectHonestNext()
})
