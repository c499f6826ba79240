import { createServer } from 'node:http'
import { onTestFinished, test } from 'vitest'
import { createForwarder } from '../../src/proxy/forward.ts'
import type { Reins } from '../../src/proxy/passage.ts'
import { call, listening, planFor, startGate, startRaw, until, upstreamAt } from './stand-ins.ts'

/** A gate whose requests are called too slow when the test says so. */
async function startImpatient(before: boolean) {
  const forwarder = createForwarder()
  const upstream = await startRaw(() => {})
  const ends: string[] = []
  const controllers: AbortController[] = []
  const server = createServer(async (request, response) => {
    const controller = new AbortController()
    controllers.push(controller)
    if (before) controller.abort()
    const plan = planFor(request, upstreamAt(upstream.port))
    ends.push(await forwarder.forward(request, response, plan, { tooSlow: controller.signal, recall: null }))
    response.end(`free ${response.headersSent}`)
  })
  const port = await listening(server)
  onTestFinished(async () => {
    await forwarder.close()
    server.closeAllConnections()
    server.close()
  })
  return { port, upstream, ends, controllers }
}

const begun = 'POST / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabc'

test('forward lets the upstream go when the caller is too slow, and leaves the response free', async ({ expect }) => {
  const { port, upstream, ends, controllers } = await startImpatient(false)
  const caller = call(port, begun)
  await until(() => upstream.received[0]?.endsWith('abc') === true)
  controllers[0]?.abort()
  await until(() => caller.text().endsWith('free false'))
  expect(ends).toEqual(['caller_too_slow'])
  await until(() => upstream.sockets[0]?.destroyed === true)
})

test('forward asks no upstream when the caller was too slow before', async ({ expect }) => {
  const { port, upstream, ends } = await startImpatient(true)
  const caller = call(port, begun)
  await until(() => caller.text().endsWith('free false'))
  expect(ends).toEqual(['caller_too_slow'])
  expect(upstream.sockets).toEqual([])
})

/** A gate that hands out the reins of its requests. */
async function startHeld(answer: string) {
  const forwarder = createForwarder()
  const upstream = await startRaw((socket) => void socket.write(answer))
  const ends: string[] = []
  const reins: Reins[] = []
  const server = createServer(async (request, response) => {
    const own: Reins = { tooSlow: null, recall: null }
    reins.push(own)
    const how = await forwarder.forward(request, response, planFor(request, upstreamAt(upstream.port)), own)
    ends.push(how)
    if (how === 'recalled') response.end(`free ${response.headersSent}`)
  })
  const port = await listening(server)
  onTestFinished(async () => {
    await forwarder.close()
    server.closeAllConnections()
    server.close()
  })
  return { port, upstream, ends, reins }
}

const get = 'GET / HTTP/1.1\r\nHost: app.example\r\n\r\n'

test('recall gives a request back that has no answer yet, and lets the upstream go', async ({ expect }) => {
  for (const bytes of [get, begun]) {
    const { port, upstream, ends, reins } = await startHeld('')
    const caller = call(port, bytes)
    await until(() => upstream.received[0]?.includes('\r\n\r\n') === true)
    reins[0]?.recall?.()
    reins[0]?.recall?.()
    await until(() => caller.text().includes('free false'))
    expect(ends).toEqual(['recalled'])
    await until(() => upstream.sockets[0]?.destroyed === true)
  }
})

test('recall breaks off an answer that has begun, on both sides', async ({ expect }) => {
  for (const head of ['Content-Length: 100', 'Transfer-Encoding: chunked']) {
    const { port, upstream, ends, reins } = await startHeld(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n5\r\nbegun\r\n`)
    const caller = call(port, get)
    await until(() => caller.text().includes('begun'))
    reins[0]?.recall?.()
    await until(() => caller.ended() !== null && upstream.sockets[0]?.destroyed === true)
    expect(caller.text()).not.toContain('\r\n0\r\n')
    expect(ends).toEqual(['cut'])
  }
})

test('recall does nothing to an answer that is over', async ({ expect }) => {
  const { port, ends, reins } = await startHeld('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  const caller = call(port, get)
  await until(() => ends.length === 1)
  reins[0]?.recall?.()
  caller.socket.write(get)
  await until(() => ends.length === 2)
  expect(ends).toEqual(['answered', 'answered'])
})

test('forward lets the upstream go when its answer is over before the upload, and takes the next request', async ({
  expect,
}) => {
  const { port, upstream, ends } = await startHeld('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  const caller = call(port, 'POST / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 3000000\r\n\r\nabc')
  await until(() => caller.text().endsWith('ok'))
  await until(() => upstream.sockets[0]?.destroyed === true)
  caller.socket.write(Buffer.alloc(3_000_000 - 3, 'x'))
  caller.socket.write(get)
  await until(() => ends.length === 2 && caller.text().split('200 OK').length === 3)
  expect(upstream.received[0]?.length).toBeLessThan(1_000)
})

test('forward fails where what an answer waits for fails, also with all of the answer there', async ({ expect }) => {
  const moved = 'HTTP/1.1 307 Go\r\nLocation: /on\r\nContent-Length: 2\r\n\r\nok'
  const upstream = await startRaw((socket) => void socket.write(moved))
  const { promise, reject } = Promise.withResolvers<void>()
  let asked = false
  const movedOn = () => {
    asked = true
    return promise
  }
  const body = { bytes: Buffer.from('form'), movedOn }
  const gate = await startGate(upstreamAt(upstream.port), { plan: () => ({ body }) })
  const caller = call(gate.port, get)
  // What came in one piece is complete by the time that anybody polls again.
  await until(() => asked)
  reject(new Error('no room'))
  await until(() => caller.text().endsWith('no room'))
  expect(gate.ends).toEqual(['bug Error: no room'])
})
