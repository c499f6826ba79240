/** The conformance and abuse suite of the proxy: every trap of http-proxy-middleware, over real sockets. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { describe, test } from 'vitest'
import { Fault } from '../../src/core/fault.ts'
import { createForwarder } from '../../src/proxy/forward.ts'
import { startNginx } from '../nginx.ts'
import { call, get, planFor, startGate, startRaw, startUpstream, until, upstreamAt } from './stand-ins.ts'

/** An application that tells what it got. */
function startEcho() {
  return startUpstream((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('latin1')
      response.end(JSON.stringify({ method: request.method, url: request.url, raw: request.rawHeaders, body }))
    })
  })
}

interface Echo {
  readonly method: string
  readonly url: string
  readonly raw: readonly string[]
  readonly body: string
}

/** The echo in an answer, chunked or not, and the values of one header that arrived. */
const echoIn = (answer: string): Echo =>
  JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)) as Echo
const valuesOf = (echo: Echo, name: string) =>
  echo.raw.filter((_value, at) => at % 2 === 1 && echo.raw[at - 1]?.toLowerCase() === name)

describe('forward sends', () => {
  test('the path and query byte for byte (trap 8)', async () => {
    const gate = await startGate(upstreamAt((await startEcho()).port))
    for (const path of [
      '/a/../b//c/%2e%2e/d',
      '//evil/admin',
      '//[/x',
      '//a:b/',
      '/a;v=1/%2F?q=%zz&b=//c?d',
      '/?',
      '/a|b',
    ]) {
      assert.equal(echoIn(await get(gate.port, path)).url, path)
    }
  })

  test('the headers of the plan and none of the caller, also with Expect (trap 1, T32)', async () => {
    const gate = await startGate(upstreamAt((await startEcho()).port), {
      plan: () => ({ headers: { host: 'app.example', 'x-user': 'ours' } }),
    })
    const caller = call(
      gate.port,
      'POST / HTTP/1.1\r\nHost: evil\r\nX-User: forged\r\nx_user: forged\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi',
    )
    await until(() => caller.ended() !== null)
    const echo = echoIn(caller.text())
    assert.deepEqual(valuesOf(echo, 'x-user'), ['ours'])
    assert.deepEqual(valuesOf(echo, 'x_user'), [])
    assert.deepEqual(valuesOf(echo, 'expect'), [])
    assert.deepEqual(valuesOf(echo, 'host'), ['app.example'])
    assert.equal(echo.body, 'hi')
  })

  test('no hop-by-hop header and no forwarded header of its own (trap 3, trap 7, T24)', async () => {
    const gate = await startGate(upstreamAt((await startEcho()).port), {
      plan: () => ({
        headers: { host: 'a', te: 'trailers', 'proxy-authorization': 'Basic x', 'x-forwarded-for': '192.0.2.1' },
      }),
    })
    const echo = echoIn(await get(gate.port))
    const names = echo.raw.filter((_value, at) => at % 2 === 0).map((name) => name.toLowerCase())
    assert.deepEqual(names.sort(), ['connection', 'host', 'x-forwarded-for'])
    assert.deepEqual(valuesOf(echo, 'x-forwarded-for'), ['192.0.2.1'])
  })

  test('header values in latin1 byte for byte, and lists as repeated headers', async () => {
    const name = Buffer.from('Zoë Müller 🦊', 'utf8').toString('latin1')
    const raw = await startRaw((socket, received) => {
      if (received.includes('\r\n\r\n')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
    const gate = await startGate(upstreamAt(raw.port), {
      plan: () => ({ headers: { host: 'a', 'X-Name': name, 'x-l': ['1', '2'] } }),
    })
    assert.match(await get(gate.port), /ok$/)
    assert.ok(raw.received[0]?.includes(`X-Name: ${name}\r\n`))
    assert.ok(raw.received[0]?.includes('x-l: 1\r\nx-l: 2\r\n'))
  })

  test('cookies and Authorization exactly as planned (T30)', async () => {
    const gate = await startGate(upstreamAt((await startEcho()).port), {
      plan: () => ({ headers: { host: 'a', cookie: 'b=2; a=1', authorization: 'Basic eA==' } }),
    })
    const echo = echoIn(await get(gate.port, '/', ['Cookie: __Host-sid=secret']))
    assert.deepEqual(valuesOf(echo, 'cookie'), ['b=2; a=1'])
    assert.deepEqual(valuesOf(echo, 'authorization'), ['Basic eA=='])
  })

  test('a defect of ours as an error that is no Fault, and the process lives', async () => {
    const gate = await startGate(upstreamAt((await startEcho()).port), {
      plan: () => ({ headers: { host: 'a', 'x-a': 'snow \u2603' } }),
    })
    assert.match(await get(gate.port), /bug TypeError/)
  })
})

describe('forward frames', () => {
  for (const method of ['DELETE', 'OPTIONS', 'GET', 'POST', 'PURGE']) {
    test(`a chunked ${method} so that the upstream sees one request (T93)`, async () => {
      let requests = 0
      const upstream = await startUpstream((request, response) => {
        requests++
        request.resume().on('end', () => response.end(request.headers['transfer-encoding'] ?? 'none'))
      })
      const gate = await startGate(upstreamAt(upstream.port))
      const smuggled = 'GET /admin HTTP/1.1\r\nHost: a\r\nX-User: admin\r\n\r\n'
      const caller = call(
        gate.port,
        `${method === 'PURGE' ? 'PROPFIND' : method} / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
      )
      await until(() => caller.ended() !== null)
      assert.match(caller.text(), /chunked/)
      await get(gate.port)
      assert.equal(requests, 2)
    })
  }

  for (const [name, head] of [
    ['length and coding', 'Content-Length: 5\r\nTransfer-Encoding: chunked'],
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6'],
    ['an unknown last coding', 'Transfer-Encoding: chunked, x'],
    ['a coding that only looks chunked', 'Transfer-Encoding: xchunked'],
    ['a coding before chunked', 'Transfer-Encoding: gzip, chunked'],
  ] as const) {
    test(`nothing of a request with ${name} (T93)`, async () => {
      const raw = await startRaw((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
      const gate = await startGate(upstreamAt(raw.port))
      const caller = call(gate.port, `POST / HTTP/1.1\r\nHost: a\r\n${head}\r\nConnection: close\r\n\r\n0\r\n\r\n`)
      await until(() => caller.text() !== '')
      assert.doesNotMatch(caller.text(), /^HTTP\/1.1 2/)
      assert.deepEqual(raw.received, [])
    })
  }

  test('a POST without a body with a length, for servers that refuse chunked ones', async () => {
    const gate = await startGate(upstreamAt((await startEcho()).port))
    const caller = call(gate.port, 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await until(() => caller.ended() !== null)
    assert.deepEqual(valuesOf(echoIn(caller.text()), 'content-length'), ['0'])
    assert.deepEqual(valuesOf(echoIn(caller.text()), 'transfer-encoding'), [])
  })
})

describe('forward keeps connections', () => {
  test('alive although callers close theirs (trap 4)', async () => {
    const upstream = await startEcho()
    const gate = await startGate(upstreamAt(upstream.port))
    for (let round = 0; round < 5; round++) assert.match(await get(gate.port), /200 OK/)
    assert.equal(upstream.connections.length, 1)
  })

  test('without a limit, so that event streams never starve others (trap 5)', async () => {
    const upstream = await startUpstream((request, response) => {
      if (request.url === '/stream') response.write('data: 1\n\n')
      else response.end('free')
    })
    const gate = await startGate(upstreamAt(upstream.port))
    const callers = Array.from({ length: 300 }, () => call(gate.port, 'GET /stream HTTP/1.1\r\nHost: a\r\n\r\n'))
    await until(() => callers.every((caller) => caller.text().includes('data: 1')))
    assert.match(await get(gate.port), /free/)
  })

  test('from being shared after a body: an upstream that ignores it never reads it as a request (T120)', async () => {
    const raw = await startRaw((socket, received) => {
      // Answers each head it sees, whatever length it states.
      if (received.includes('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly')
    })
    const gate = await startGate(upstreamAt(raw.port))
    const poison = 'GET /admin HTTP/1.1\r\nX: '
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (const body of [poison, '', poison, '']) {
      const outgoing = httpRequest({ port: gate.port, agent, method: body === '' ? 'GET' : 'POST' })
      outgoing.end(body)
      const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
      assert.equal((await answer.toArray()).join(''), 'early')
    }
    agent.destroy()
    for (const received of raw.received) {
      if (received.startsWith('POST'))
        assert.match(received, /^POST \/ HTTP\/1\.1\r\n[\s\S]*connection: close\r\n\r\nGET \/admin HTTP\/1\.1\r\nX: $/i)
      else assert.doesNotMatch(received, /POST/)
    }
    assert.equal(raw.received.length, 3)
  })

  test('apart where the upstream authenticates connections: two people are never each other (T119)', async () => {
    const owners = new WeakMap<object, string>()
    const upstream = await startUpstream((request, response) => {
      const credentials = request.headers.authorization
      if (credentials !== undefined) owners.set(request.socket, credentials)
      response.setHeader('WWW-Authenticate', ['Negotiate', 'NTLM', 'Basic realm="a, b"'])
      response.statusCode = owners.has(request.socket) ? 200 : 401
      response.end(owners.get(request.socket) ?? 'nobody')
    })
    const gate = await startGate(upstreamAt(upstream.port))
    assert.match(await get(gate.port), /nobody/)
    assert.match(await get(gate.port, '/', ['Authorization: Negotiate anna']), /Negotiate anna/)
    const answer = await get(gate.port)
    assert.match(answer, /nobody/)
    assert.doesNotMatch(answer, /ntlm|negotiate/i)
    assert.match(answer, /WWW-Authenticate: Basic realm="a, b"\r\n/)
    assert.match(await get(gate.port, '/', ['Authorization: NTLM bert']), /NTLM bert/)
    assert.match(await get(gate.port), /nobody/)
  })

  test('in use once more after the upstream closed an idle one (trap 5)', async () => {
    let requests = 0
    const raw = await startRaw((socket, received) => {
      requests++
      const turn = received.split('\r\n\r\n').length - 1
      // The second request on a connection meets its end.
      if (turn === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      else socket.resetAndDestroy()
    })
    const gate = await startGate(upstreamAt(raw.port))
    assert.match(await get(gate.port), /ok$/)
    assert.match(await get(gate.port), /ok$/)
    assert.equal(requests, 3)
    assert.deepEqual(gate.log, [{ event: 'upstream_retried', fields: { upstream: `http://127.0.0.1:${raw.port}` } }])
  })

  for (const [name, first] of [
    ['a fresh connection', ''],
    ['a retried request', 'warm'],
  ] as const) {
    test(`from being tried again after the reset of ${name}`, async () => {
      let requests = 0
      const raw = await startRaw((socket, received) => {
        requests++
        if (first !== '' && requests === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
        else if (received !== '') socket.resetAndDestroy()
      })
      const gate = await startGate(upstreamAt(raw.port))
      if (first !== '') await get(gate.port)
      assert.match(await get(gate.port), /502[\s\S]*upstream_unreachable$/)
      assert.equal(requests, first === '' ? 1 : 3)
    })
  }

  test('from repeating a DELETE or a POST', async () => {
    let requests = 0
    const raw = await startRaw((socket, received) => {
      requests++
      if (received.startsWith('GET') && requests === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      else socket.resetAndDestroy()
    })
    const gate = await startGate(upstreamAt(raw.port))
    await get(gate.port)
    for (const bytes of [
      'DELETE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx',
    ]) {
      const caller = call(gate.port, bytes)
      await until(() => caller.ended() !== null)
      assert.match(caller.text(), /upstream_unreachable/)
    }
    assert.equal(requests, 3)
  })

  test('of 12 upstreams for one listener on the server (trap 12)', async () => {
    const upstreams = await Promise.all(
      Array.from({ length: 12 }, async (_none, at) =>
        startUpstream((_request, response) => response.end(`upstream ${at}`)),
      ),
    )
    const models = upstreams.map(({ port }) => upstreamAt(port))
    const gate = await startGate(upstreamAt(1), {
      plan: (request) => ({ upstream: models[Number(request.url?.slice(1))] ?? upstreamAt(1) }),
    })
    const before = gate.server.listenerCount('close')
    for (const at of models.keys()) assert.match(await get(gate.port, `/${at}`), new RegExp(`upstream ${at}$`))
    assert.equal(gate.server.listenerCount('close') - before, 1)
    assert.equal(gate.server.listenerCount('upgrade'), 1)
  })

  test('without leaving listeners on the connection of a caller (trap 6)', async () => {
    const gate = await startGate(upstreamAt((await startEcho()).port))
    const caller = call(gate.port, '')
    const listeners: number[] = []
    gate.server.on('request', (request) => {
      listeners.push(request.socket.eventNames().reduce((sum, name) => sum + request.socket.listenerCount(name), 0))
    })
    for (let round = 1; round <= 15; round++) {
      caller.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await until(() => gate.ends.length === round)
    }
    assert.equal(new Set(listeners.slice(1)).size, 1)
  })
})

describe('forward ends', () => {
  test('a request whose caller has gone before, and opens nothing (trap 13)', async () => {
    const upstream = await startEcho()
    const gate = await startGate(upstreamAt(upstream.port), {
      before: async (request) => {
        request.socket.destroy()
        await once(request.socket, 'close')
      },
    })
    await get(gate.port)
    await until(() => gate.ends.length === 1)
    assert.deepEqual(gate.ends, ['caller_gone'])
    assert.equal(upstream.connections.length, 0)
  })

  test('the upstream request when the caller goes', async () => {
    let aborted = false
    const upstream = await startUpstream((request, response) => {
      response.on('close', () => {
        aborted = true
      })
      if (request.url === '/head') response.write('begun')
    })
    for (const path of ['/nothing', '/head']) {
      aborted = false
      const gate = await startGate(upstreamAt(upstream.port))
      const seen = upstream.connections.length
      const caller = call(gate.port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
      await until(
        () => upstream.connections.length === seen + 1 && (path === '/nothing' || caller.text().includes('begun')),
      )
      caller.socket.destroy()
      await until(() => aborted && gate.ends.length === 1)
      assert.deepEqual(gate.ends, ['caller_gone'])
      assert.deepEqual(gate.log, [])
    }
  })

  test('an upload when the caller goes in the middle of it', async () => {
    let aborted = false
    const upstream = await startUpstream(
      (request) =>
        void request.resume().on('aborted', () => {
          aborted = true
        }),
    )
    const gate = await startGate(upstreamAt(upstream.port))
    const caller = call(gate.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nbegun')
    await until(() => upstream.connections.length === 1)
    caller.socket.resetAndDestroy()
    await until(() => aborted && gate.ends.length === 1)
    assert.deepEqual(gate.ends, ['caller_gone'])
  })

  test('pipelined requests whose caller goes while they wait', async () => {
    let open = 0
    const upstream = await startUpstream((_request, response) => {
      open++
      response.on('close', () => open--)
    })
    const gate = await startGate(upstreamAt(upstream.port))
    const caller = call(gate.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3))
    await until(() => open === 3)
    caller.socket.destroy()
    await until(() => open === 0 && gate.ends.length === 3)
    assert.deepEqual(gate.ends, ['caller_gone', 'caller_gone', 'caller_gone'])
  })

  test('pipelined requests in their order', async () => {
    const upstream = await startUpstream((request, response) => {
      setTimeout(() => response.end(`answer ${request.url}`), request.url === '/1' ? 50 : 0)
    })
    const gate = await startGate(upstreamAt(upstream.port))
    const caller = call(gate.port, [1, 2, 3].map((at) => `GET /${at} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
    await until(() => gate.ends.length === 3)
    await until(() => /answer \/1[\s\S]*answer \/2[\s\S]*answer \/3/.test(caller.text()))
    assert.deepEqual(gate.ends, ['answered', 'answered', 'answered'])
  })
})

describe('forward rejects with a Fault that tells', () => {
  test('a refused connection, with nothing of the caller in it (trap 9)', async () => {
    const gate = await startGate(upstreamAt(1))
    const answer = await get(gate.port, '/secret-path')
    assert.match(answer, /502[\s\S]*upstream_unreachable$/)
    assert.doesNotMatch(answer, /secret-path|app\.example/)
  })

  test('an unknown name', { timeout: 20_000 }, async () => {
    const gate = await startGate(upstreamAt(80, { hostname: 'no-such-host.invalid', connectTimeoutSeconds: 15 }))
    assert.match(await get(gate.port), /502[\s\S]*upstream_unreachable$/)
  })

  for (const [name, bytes] of [
    ['a connection that ends before an answer', ''],
    ['half a head', 'HTTP/1.1 200 OK\r\nConte'],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n'],
    ['a header that is none', 'HTTP/1.1 200 OK\r\nSet-Cookie: a\u0001=secret\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'],
    ['a status out of range', 'HTTP/1.1 042 Odd\r\nContent-Length: 0\r\n\r\n'],
    [
      'a switch of protocols that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ],
  ] as const) {
    test(`an upstream that sends ${name}`, async () => {
      const raw = await startRaw((socket) => socket.end(bytes, 'latin1'))
      const upstream = upstreamAt(raw.port)
      let fault: unknown
      const forwarder = createForwarder()
      const gate = await startUpstream(async (request, response) => {
        fault = await forwarder.forward(request, response, planFor(request, upstream)).catch((error) => error)
        response.writeHead(502).end()
      })
      assert.match(await get(gate.port), /^HTTP\/1.1 502/)
      assert.ok(fault instanceof Fault && fault.code === 'upstream_unreachable')
      assert.doesNotMatch(JSON.stringify(Object.entries(fault.cause as object)), /secret|rawPacket/)
    })
  }

  test('a failed upload, whose rest is read so that the caller gets the answer', async () => {
    const gate = await startGate(upstreamAt(1))
    const caller = call(
      gate.port,
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n${'x'.repeat(3_000_000)}GET /next HTTP/1.1\r\nHost: a\r\n\r\n`,
    )
    await until(() => gate.ends.length === 2)
    await until(() => caller.text().split('upstream_unreachable').length === 3)
  })
})

describe('forward in front of nginx', () => {
  test('passes pages, ranges, HEAD, conditions, redirects and refused uploads', async () => {
    const nginx = await startNginx(
      'client_max_body_size 1k; location /old { return 301 /new; } location /none { return 204; } location /up { client_max_body_size 0; proxy_pass http://127.0.0.1:1; }',
      { 'page.txt': '0123456789' },
    )
    try {
      const gate = await startGate(upstreamAt(nginx.port))
      assert.match(await get(gate.port, '/page.txt'), /200 OK[\s\S]*0123456789$/)
      assert.match(
        await get(gate.port, '/page.txt', ['Range: bytes=2-4']),
        /206 [\s\S]*Content-Range: bytes 2-4\/10\r\n[\s\S]*\r\n\r\n234$/,
      )
      const tag = /ETag: (\S+)/.exec(await get(gate.port, '/page.txt'))?.[1]
      assert.match(await get(gate.port, '/page.txt', [`If-None-Match: ${tag}`]), /^HTTP\/1.1 304 [\s\S]*\r\n\r\n$/)
      assert.match(await get(gate.port, '/old'), /301 [\s\S]*Location: http:\/\/app\.example[:\d]*\/new/)
      assert.match(await get(gate.port, '/none'), /^HTTP\/1.1 204 [\s\S]*\r\n\r\n$/)
      const head = call(gate.port, 'HEAD /page.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      await until(() => head.ended() !== null)
      assert.match(head.text(), /200 OK[\s\S]*Content-Length: 10\r\n[\s\S]*\r\n\r\n$/)
      const refused = httpRequest({
        port: gate.port,
        method: 'POST',
        path: '/page.txt',
        headers: { 'content-length': 50_000 },
      })
      refused.on('error', () => {})
      refused.end(Buffer.alloc(50_000))
      const [answer] = (await once(refused, 'response')) as [IncomingMessage]
      assert.equal(answer.statusCode, 413)
      answer.resume()
    } finally {
      await nginx.stop()
    }
  })
})

test('close ends idle connections, and requests under way finish', async () => {
  const upstream = await startUpstream((request, response) => {
    if (request.url === '/slow') response.write('begun ')
    else response.end('done')
  })
  const gate = await startGate(upstreamAt(upstream.port))
  const slow = call(gate.port, 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(() => slow.text().includes('begun'))
  await get(gate.port)
  assert.deepEqual(
    upstream.connections.map((socket) => socket.destroyed),
    [false, false],
  )
  await gate.forwarder.close()
  await until(() => upstream.connections[1]?.destroyed === true)
  assert.equal(upstream.connections[0]?.destroyed, false)
  assert.equal(slow.ended(), null)
})

test('forward takes answers from an upstream on IPv6', async () => {
  const { createServer } = await import('node:http')
  const server = createServer((_request, response) => response.end('six'))
  server.listen(0, '::1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const gate = await startGate(upstreamAt(port, { hostname: '[::1]' }))
  assert.match(await get(gate.port), /six/)
  server.close()
})
