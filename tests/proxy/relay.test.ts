/** How an upstream's answer reaches the caller: at once, unbuffered, whole or visibly broken. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Writable } from 'node:stream'
import { describe, test } from 'vitest'
import { startMeasured } from './measured.ts'
import { call, get, startGate, startRaw, startUpstream, until, upstreamAt } from './stand-ins.ts'

describe('relayAnswer', () => {
  test('passes a quiet event stream event by event, its head first', async () => {
    const send: ((text: string) => void)[] = []
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      send.push((text) => void response.write(text))
    })
    const gate = await startGate(upstreamAt(upstream.port))
    const caller = call(gate.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => caller.text().includes('text/event-stream'))
    for (const event of ['data: one\n\n', 'data: two\n\n']) {
      send[0]?.(event)
      await until(() => caller.text().includes(event))
    }
  })

  test('passes an upload on while it comes', async () => {
    let received = ''
    const upstream = await startUpstream((request, response) => {
      response.flushHeaders()
      request.on('data', (chunk) => {
        received += chunk
        response.write(`got ${chunk}`)
      })
      request.on('end', () => response.end())
    })
    const gate = await startGate(upstreamAt(upstream.port))
    const caller = call(gate.port, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    // The head alone goes upstream, and its answer comes back, before there is any body.
    await until(() => caller.text().includes('200 OK'))
    for (const part of ['one', 'two']) {
      caller.socket.write(`3\r\n${part}\r\n`)
      await until(() => received.endsWith(part) && caller.text().includes(`got ${part}`))
    }
    caller.socket.write('0\r\n\r\n')
    await until(() => gate.ends[0] === 'answered')
  })

  test('keeps the order, spelling and number of headers, byte for byte (trap 10)', async () => {
    const head =
      'X-Twice: 1\r\nx-other: caf\u00e9\r\nX-Twice: 2\r\nContent-Length: 2\r\nContent-Disposition: attachment; filename="\u00c3\u00bc.txt"\r\n'
    const raw = await startRaw((socket) => socket.end(`HTTP/1.1 200 Sch\u00f6n\r\n${head}\r\nok`, 'latin1'))
    for (const before of [
      undefined,
      (_request: unknown, response: object) =>
        void (
          'setHeader' in response &&
          (response as { setHeader(name: string, value: string): void }).setHeader('X-Ours', '1')
        ),
    ]) {
      const gate = await startGate(upstreamAt(raw.port), before === undefined ? {} : { before })
      const answer = await get(gate.port)
      assert.match(answer, /^HTTP\/1\.1 200 Sch\u00f6n\r\n/)
      assert.equal(answer.match(/x-twice: \d/gi)?.join(), 'X-Twice: 1,X-Twice: 2')
      assert.match(answer, /x-other: caf\u00e9\r\n/)
      assert.match(answer, /filename="\u00c3\u00bc\.txt"\r\n/)
    }
  })

  test('takes hop-by-hop headers off the answer (trap 3)', async () => {
    const raw = await startRaw((socket) =>
      socket.end(
        'HTTP/1.1 200 OK\r\nConnection: close, X-Secret\r\nX-Secret: 1\r\nKeep-Alive: timeout=99\r\nProxy-Authenticate: NTLM\r\nContent-Length: 2\r\n\r\nok',
      ),
    )
    const gate = await startGate(upstreamAt(raw.port))
    const caller = call(gate.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => caller.text().endsWith('ok'))
    assert.doesNotMatch(caller.text(), /x-secret|timeout=99|proxy-|Connection: close/i)
  })

  test('leaves a Connection header that the gate has set', async () => {
    const upstream = await startUpstream((_request, response) => response.end('ok'))
    const gate = await startGate(upstreamAt(upstream.port), {
      before: (_request, response) => void ('setHeader' in response && response.setHeader('Connection', 'close')),
    })
    const caller = call(gate.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => caller.ended() !== null)
    assert.equal(
      caller
        .text()
        .match(/connection: \S+/gi)
        ?.join(),
      'Connection: close',
    )
  })

  test('heeds a caller that wants its connection closed, or speaks HTTP/1.0', async () => {
    const upstream = await startUpstream((_request, response) => {
      response.write('o')
      response.end('k')
    })
    const gate = await startGate(upstreamAt(upstream.port))
    for (const head of ['GET / HTTP/1.1\r\nHost: a\r\nConnection: close', 'GET / HTTP/1.0\r\nHost: a']) {
      const caller = call(gate.port, `${head}\r\n\r\n`)
      await until(() => caller.ended() !== null)
      assert.match(caller.text(), /Connection: close/)
      assert.equal(caller.ended(), 'end')
      if (head.includes('1.0')) assert.match(caller.text(), /\r\n\r\nok$/)
    }
  })

  test('drops our own cookies on a public page too (T96), and makes personal answers private (T121)', async () => {
    const upstream = await startUpstream((_request, response) => {
      response.setHeader('Set-Cookie', ['__Host-sid=stolen', 'JSESSIONID=1', '__Host-sid=; Max-Age=0']).end('ok')
    })
    const gate = await startGate(upstreamAt(upstream.port), {
      plan: (request) => ({ signedIn: request.url === '/mine' }),
    })
    assert.equal((await get(gate.port)).match(/set-cookie.*|cache-control.*/gi)?.join(), 'Set-Cookie: JSESSIONID=1')
    assert.match(await get(gate.port, '/mine'), /Cache-Control: private\r\n/)
  })

  test('takes an early answer although the upload is not finished, and keeps it whole (T120)', async () => {
    const raw = await startRaw((socket, received) => {
      if (received.includes('\r\n\r\n')) socket.end('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig')
    })
    const gate = await startGate(upstreamAt(raw.port))
    const caller = call(gate.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nbegun')
    await until(() => caller.text().endsWith('big'))
    caller.socket.write(' over')
    caller.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => gate.ends.length === 2)
    assert.deepEqual(gate.ends, ['answered', 'answered'])
    assert.equal(raw.received.length, 2)
    assert.match(raw.received[1] ?? '', /^GET/)
  })
})

test('an answer that is complete stays whole although its upload then fails (T120)', async () => {
  const raw = await startRaw((socket, received) => {
    if (!received.includes('\r\n\r\n')) return
    if (received.startsWith('POST')) socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig')
  })
  const gate = await startGate(upstreamAt(raw.port))
  const caller = call(
    gate.port,
    'GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nbegun',
  )
  const posted = () => raw.sockets[raw.received.findIndex((received) => received.startsWith('POST'))]
  await until(() => posted()?.bytesWritten !== undefined && raw.sockets.length === 2)
  posted()?.resetAndDestroy()
  await until(() => posted()?.destroyed === true)
  const first = raw.sockets[raw.received.findIndex((received) => received.startsWith('GET'))]
  first?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  await until(() => gate.ends.length > 0)
  await until(() => caller.ended() !== null || caller.text().endsWith('big'))
  assert.match(caller.text(), /ok[\s\S]*413 Too Large[\s\S]*big$/)
})

describe('breakOff', () => {
  for (const [name, version, head, expected] of [
    ['a chunked answer', '1.1', 'Transfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n', /begun\r\n$/],
    ['an answer of a stated length', '1.1', 'Content-Length: 100\r\n\r\nbegun', /begun$/],
    [
      'an answer that only the connection delimits',
      '1.0',
      'Transfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n',
      /begun$/,
    ],
  ] as const) {
    for (const manner of ['resetAndDestroy', 'end'] as const) {
      test(`cuts the caller off in the middle of ${name} after ${manner}, never with a clean end (trap 10)`, async () => {
        const raw = await startRaw((socket) => {
          if (!socket.writableNeedDrain && socket.bytesWritten === 0) socket.write(`HTTP/1.1 200 OK\r\n${head}`)
        })
        const gate = await startGate(upstreamAt(raw.port))
        const caller = call(gate.port, `GET / HTTP/${version}\r\nHost: a\r\n\r\n`)
        await until(() => caller.text().includes('begun'))
        raw.sockets[0]?.[manner]()
        await until(() => caller.ended() !== null && gate.ends.length === 1)
        assert.match(caller.text(), expected)
        if (version === '1.0') assert.equal(caller.ended(), 'ECONNRESET')
        assert.deepEqual(gate.ends, ['upstream_broke'])
        assert.equal(gate.log[0]?.event, 'upstream_broke')
      })
    }
  }

  test('cuts the caller off where the upstream stops to speak HTTP', async () => {
    const raw = await startRaw((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\nnonsense\r\n'),
    )
    const gate = await startGate(upstreamAt(raw.port))
    const caller = call(gate.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => caller.ended() !== null && gate.ends.length === 1)
    assert.doesNotMatch(caller.text(), /0\r\n\r\n$/)
    assert.deepEqual(gate.ends, ['upstream_broke'])
  })
})

describe('a gigabyte goes through in constant memory', () => {
  const megabyte = 2 ** 20
  const block = Buffer.alloc(megabyte, 'x')

  /** The gate's largest growth while the big one passes; the small one before it brings buffers and heap to their usual size. */
  async function growth(sizes: number[], transfer: (megabytes: number) => Promise<void>): Promise<number> {
    await transfer(128)
    const usual = Math.max(...sizes)
    await transfer(1024)
    return Math.max(...sizes) - usual
  }

  /** A reader that hesitates at first: what it does not take must stay with the sender. */
  async function read(source: IncomingMessage): Promise<number> {
    let received = 0
    for await (const chunk of source) {
      if (received === 0) await new Promise((resolve) => setTimeout(resolve, 300))
      received += (chunk as Buffer).length
    }
    return received
  }

  async function write(sink: Writable, megabytes: number): Promise<void> {
    for (let sent = 0; sent < megabytes; sent++) if (!sink.write(block)) await once(sink, 'drain')
    sink.end()
  }

  test('as a download', { timeout: 120_000 }, async () => {
    const upstream = await startUpstream((request, response) => {
      const megabytes = Number(request.url?.slice(1))
      response.setHeader('Content-Length', megabytes * megabyte)
      write(response, megabytes)
    })
    const { port, sizes } = await startMeasured(upstream.port)
    const grown = await growth(sizes, async (megabytes) => {
      const outgoing = httpRequest({ port, path: `/${megabytes}` }).end()
      const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
      assert.equal(await read(answer), megabytes * megabyte)
    })
    assert.ok(grown < 100, `grew by ${grown} MB`)
  })

  test('as an upload', { timeout: 120_000 }, async () => {
    const upstream = await startUpstream(async (request, response) => response.end(String(await read(request))))
    const { port, sizes } = await startMeasured(upstream.port)
    const grown = await growth(sizes, async (megabytes) => {
      const headers = { 'content-length': megabytes * megabyte }
      const outgoing = httpRequest({ port, method: 'PUT', headers })
      const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
      await write(outgoing, megabytes)
      const [answer] = await answered
      assert.equal((await answer.toArray()).join(''), String(megabytes * megabyte))
    })
    assert.ok(grown < 100, `grew by ${grown} MB`)
  })
})
