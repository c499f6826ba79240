import { createServer } from 'node:http'
import { onTestFinished, test } from 'vitest'
import { createForwarder } from '../../src/proxy/forward.ts'
import { call, listening, planFor, startRaw, until, upstreamAt } from './stand-ins.ts'

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
