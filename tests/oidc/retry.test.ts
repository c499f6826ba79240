import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { askedAgain } from '../../src/oidc/retry.ts'

type Behaviour = (response: ServerResponse) => void
const status =
  (code: number, headers: Record<string, string> = {}): Behaviour =>
  (response) =>
    void response.writeHead(code, headers).end('x')
const cut: Behaviour = (response) => void response.socket?.destroy()

/** A server that does one thing after the other, and the last for ever; what came of a request, and how often it was asked. */
async function asked(behaviours: readonly Behaviour[], method = 'GET', within = 10_000, isSafe?: () => boolean) {
  let count = 0
  const server = createServer((_request, response) => {
    const behaviour = behaviours[Math.min(count, behaviours.length - 1)]
    count += 1
    behaviour?.(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const ask = askedAgain(
    (url, options) => fetch(url, options as RequestInit),
    () => 0,
    isSafe,
  )
  const begun = performance.now()
  const outcome = await ask(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
    ...{ method, headers: {}, redirect: 'manual', signal: AbortSignal.timeout(within) },
    body: method === 'POST' ? new URLSearchParams({ grant_type: 'authorization_code' }) : undefined,
  }).then(
    (response) => response.status,
    (error: Error) => error.message,
  )
  server.close()
  server.closeAllConnections()
  return { outcome, count, milliseconds: performance.now() - begun }
}

for (const [what, behaviours, outcome, count] of [
  ['an answer', [status(200)], 200, 1],
  ['a busy provider', [status(503), status(429), status(200)], 200, 3],
  ['a provider that stays busy', [status(503)], 503, 3],
  ['a connection that breaks', [cut, status(200)], 200, 2],
  ['connections that all break', [cut], 'fetch failed', 3],
  ['a defect at the provider', [status(500)], 500, 1],
  ['a refusal', [status(404)], 404, 1],
  ['a redirect', [status(302, { location: '/' })], 302, 1],
  ['a pause of an hour', [status(429, { 'retry-after': '3600' })], 429, 1],
] as const) {
  test(`askedAgain asks ${count} times for ${what}`, async () => {
    const found = await asked(behaviours)
    expect([found.outcome, found.count]).toEqual([outcome, count])
  })
}

test('askedAgain never repeats what may have had its effect, such as the redemption of a code (T59)', async () => {
  for (const behaviour of [status(503), status(429, { 'retry-after': '0' }), cut]) {
    expect((await asked([behaviour, status(200)], 'POST')).count).toBe(1)
  }
})

test('askedAgain repeats what its caller says is only a question', async () => {
  const found = await asked([status(503), cut, status(200)], 'POST', 10_000, () => true)
  expect([found.outcome, found.count]).toEqual([200, 3])
})

test('askedAgain waits as long as Retry-After asks for, in seconds or until a time', async () => {
  expect((await asked([status(429, { 'retry-after': '1' }), status(200)])).milliseconds).toBeGreaterThan(990)
  const until = new Date(Date.now() + 2_000).toUTCString()
  const found = await asked([status(503, { 'retry-after': until }), status(200)])
  expect(found.count).toBe(2)
  expect(found.milliseconds).toBeGreaterThan(800)
})

test('askedAgain gives up when its caller does', async () => {
  const found = await asked([status(503, { 'retry-after': '2' })], 'GET', 300)
  expect([found.count, found.outcome]).toEqual([1, 'The operation was aborted due to timeout'])
  expect(found.milliseconds).toBeLessThan(1_500)
})
