import { randomBytes } from 'node:crypto'
import { Agent, request as requestHttp } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { until } from '../redis.ts'
import { freePort, type Seen, type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn, type Visitor } from '../visitor.ts'
import { gatewayWith, openTenant, startListening } from './listening.ts'
import { bytesOf, handshake, openWire, speak } from './wire.ts'

setFlagsFromString('--expose-gc')
/** Otherwise what is measured is how lazy the collector is. */
const collectGarbage: () => void = runInNewContext('gc')

let stage: Stage
let uwe: Visitor
let cookie: string

beforeAll(async () => {
  stage = await startStage({
    people: [
      {
        username: 'dora@contoso.example',
        name: 'Дора Ångström 🌍',
        groups: ['8e2c7a10-5d4f-4b96-a3e8-1f0d9c8b7a65'],
      },
    ],
  })
  uwe = createVisitor()
  await signIn(uwe, `${stage.origin}/`, 'uwe@contoso.example')
  cookie = `Cookie: ${uwe.cookies(stage.origin).join('; ')}`
})
afterEach(() => stage.upstream.handle(null))
afterAll(async () => {
  uwe.close()
  await stage.close()
})

/** What the upstream saw. Its echo is JSON in UTF-8; the wire reads one character per byte. */
const echoed = (body: string | undefined): Seen => JSON.parse(Buffer.from(body ?? '', 'latin1').toString('utf8'))

describe('the gate and cookies', () => {
  attack('T30', 'keeps our own cookies, and passes the others in order and untouched', async () => {
    const own = cookie.slice('Cookie: '.length)
    for (const [sent, arrives] of [
      [own, undefined],
      [`a=1; ${own}; b="2"; c`, 'a=1; b="2"; c'],
      [`prefs=x==;theme=d\xe4rk; ${own}`, 'prefs=x==;theme=d\xe4rk'],
      [`${own}; __Host-other=1; __host-sid=2; x__Host-sid=3`, '__Host-other=1; __host-sid=2; x__Host-sid=3'],
      [`a=1; a=2; ${own}; a=3`, 'a=1; a=2; a=3'],
      [`${own}; __Host-login=planted; z=1`, 'z=1'],
    ] as const) {
      const answer = await speak(stage.origin, bytesOf(stage.origin, 'GET /x', [`Cookie: ${sent}`]))
      expect(echoed(answer?.body).headers.cookie, sent.replace(own, 'OWN')).toBe(arrives)
    }
    const public_ = await speak(stage.origin, bytesOf(stage.origin, 'GET /public', [cookie]))
    expect(echoed(public_?.body).headers).not.toHaveProperty('cookie')
  })

  attack('T31', 'joins Cookie lines as cookies and not as a list', async () => {
    const lines = ['Cookie: a=1', cookie, 'Cookie: b=2']
    const answer = await speak(stage.origin, bytesOf(stage.origin, 'GET /x', lines))
    expect(echoed(answer?.body).headers.cookie).toBe('a=1; b=2')
  })

  attack('T119', 'passes no offer of NTLM or Negotiate on, and no answer to one', async () => {
    stage.upstream.handle((_request, response) => {
      response.writeHead(401, { 'WWW-Authenticate': ['Negotiate', 'NTLM', 'Basic realm="app"'] }).end()
      return true
    })
    const reply = await uwe.ask(`${stage.origin}/x`)
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toBe('Basic realm="app"')
    stage.upstream.handle(null)
    for (const value of ['Negotiate YII=', 'NTLM TlRMTVNTUAAB', 'negotiate\tYII=']) {
      const answer = await speak(stage.origin, bytesOf(stage.origin, 'GET /x', [cookie, `Authorization: ${value}`]))
      expect(echoed(answer?.body).headers).not.toHaveProperty('authorization')
    }
    const basic = await speak(stage.origin, bytesOf(stage.origin, 'GET /x', [cookie, 'Authorization: Basic YTpi']))
    expect(echoed(basic?.body).headers.authorization).toBe('Basic YTpi')
  })
})

describe('the gate and values', () => {
  attack('T28', 'tells names that ASCII does not have, in UTF-8', async () => {
    const visitor = createVisitor()
    await signIn(visitor, `${stage.origin}/`, 'dora@contoso.example')
    const line = `Cookie: ${visitor.cookies(stage.origin).join('; ')}`
    visitor.close()
    const answer = await speak(stage.origin, bytesOf(stage.origin, 'GET /x', [line]))
    const name = String(echoed(answer?.body).headers['x-forwarded-name'])
    expect(Buffer.from(name, 'latin1').toString('utf8')).toBe('Дора Ångström 🌍')
  })

  test('passes Latin-1 bytes of headers as they are, both ways', async () => {
    const line = 'X-Custom: caf\xe9 \xff'
    const answer = await speak(stage.origin, bytesOf(stage.origin, 'GET /x', [cookie, line]))
    expect(echoed(answer?.body).headers['x-custom']).toBe('caf\xe9 \xff')
    stage.upstream.handle((_request, response) => {
      response
        .writeHead(200, { 'X-Custom': 'caf\xe9', 'Content-Disposition': 'attachment; filename="\xfc.txt"' })
        .end('x')
      return true
    })
    const back = await speak(stage.origin, bytesOf(stage.origin, 'GET /x', [cookie]))
    expect(back?.head).toContain('X-Custom: caf\xe9')
    expect(back?.head).toContain('filename="\xfc.txt"')
  })
})

describe('the gate and streams', () => {
  test('passes server-sent events on one by one', async () => {
    const events: string[] = []
    const releases: (() => void)[] = []
    stage.upstream.handle((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      for (const each of [1, 2, 3]) releases.push(() => void response.write(`data: ${each}\n\n`))
      releases.push(() => void response.end())
      return true
    })
    const agent = new Agent()
    const asked = requestHttp(`${stage.origin}/x`, { agent, headers: { cookie: cookie.slice(8) } })
    asked.on('response', (response) => response.setEncoding('utf8').on('data', (text: string) => events.push(text)))
    asked.end()
    await until('the stream', () => releases.length === 4)
    for (let at = 0; at < 3; at += 1) {
      expect(events).toHaveLength(at)
      releases[at]?.()
      await until(`event ${at + 1}`, () => events.length === at + 1)
      expect(events[at]).toBe(`data: ${at + 1}\n\n`)
    }
    releases[3]?.()
    agent.destroy()
  })

  test('takes an upload of 200 MB in constant memory', async () => {
    const size = 200 * 1_048_576
    let received = 0
    let peak = 0
    stage.upstream.handle((request, response) => {
      request.on('data', (chunk: Buffer) => {
        if (received % 16_777_216 > (received + chunk.length) % 16_777_216) {
          collectGarbage()
          peak = Math.max(peak, process.memoryUsage().arrayBuffers)
        }
        received += chunk.length
      })
      request.on('end', () => response.end(String(received)))
      return true
    })
    const block = randomBytes(1_048_576)
    collectGarbage()
    const before = process.memoryUsage().arrayBuffers
    const body = await new Promise<string>((resolve, reject) => {
      const headers = { cookie: cookie.slice(8), 'content-length': String(size) }
      const asked = requestHttp(`${stage.origin}/upload`, { method: 'POST', headers }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        response.on('end', () => resolve(text))
      })
      asked.on('error', reject)
      let sent = 0
      const more = () => {
        while (sent < size) {
          sent += block.length
          if (!asked.write(block)) return void asked.once('drain', more)
        }
        asked.end()
      }
      more()
    })
    expect(body).toBe(String(size))
    // Upstream, gateway and caller share this process: all of them together stay far below the size.
    expect(peak - before).toBeLessThan(64 * 1_048_576)
  })

  test('refuses an upload before reading it where nobody is signed in', async () => {
    const before = stage.upstream.seen.length
    const wire = await openWire(stage.origin)
    wire.send(bytesOf(stage.origin, 'POST /upload', ['Content-Length: 1000000000']))
    const answer = await wire.answer()
    expect(answer?.status).toBe(401)
    expect(answer?.head).toMatch(/^connection: close$/im)
    expect(await wire.closed()).toBe(true)
    expect(stage.upstream.seen.length).toBe(before)
  })
})

// What is framed in two ways is tried in tests/attacks/smuggling.test.ts.
describe('the gate and garbage', () => {
  attack('T88', 'answers garbage with 400 and lives', async () => {
    for (const bytes of [
      randomBytes(64),
      Buffer.from('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'latin1'),
      Buffer.from('\x00\x00\x00\x00'),
      Buffer.from('\r\n\r\n\r\nGARBAGE\r\n\r\n'),
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      Buffer.from('GET / HTTP/9.9\r\nHost: x\r\n\r\n'),
      Buffer.from('GET / ICE/1.1\r\nHost: x\r\n\r\n'),
      Buffer.from('GET\t/\tHTTP/1.1\r\nHost: x\r\n\r\n'),
    ]) {
      expect((await speak(stage.origin, bytes))?.status, bytes.toString('latin1')).toBe(400)
    }
    expect((await speak(stage.origin, bytesOf(stage.origin, 'GET /x', [cookie])))?.status).toBe(200)
  })

  test('tells nothing of what could not be parsed, on the wire or in the log', async () => {
    const answer = await speak(stage.origin, 'GET / HTTP/1.1\r\nSECRET-PART garbage-value\r\n\r\n')
    expect(answer?.status).toBe(400)
    expect(answer?.head).toMatch(/^cache-control: no-store$/im)
    expect(answer?.body).not.toMatch(/SECRET|garbage/)
    expect(stage.logText()).not.toMatch(/SECRET|garbage-value/)
  })
})

describe('an upstream that is the gateway itself', () => {
  attack('T88', 'ends after a few rounds, for requests and upgrades, and uses nothing up', async () => {
    const port = await freePort()
    const round = await startListening(gatewayWith({ listen: { host: '127.0.0.1', port } }, openTenant('round', port)))
    const host = 'Host: round.example'
    for (const lines of [[host], [host, 'X-Sallyport-Hops: 1'], [host, ...handshake('https://round.example')]]) {
      const before = round.log().length
      const answer = await speak(round.origin, bytesOf(round.origin, 'GET /', lines))
      expect(answer?.status).toBe(400)
      const refused = round.log().slice(before)
      expect(refused).toMatchObject([{ event: 'request_refused', detail: 'led-back-to-us' }])
    }
    expect(await round.metrics()).toMatch(/sallyport_requests_total\{tenant="round",outcome="request_malformed"\} 3/)
    await round.close()
  })
})
