/** Providers that are slow, talk nonsense or never stop; and a provider behind a company's proxy with a company's authority. */
import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { createAuthority } from '../certificates.ts'
import { startConnectProxy } from '../connect-proxy.ts'
import { secretCredential, straight } from '../credentials.ts'
import { startTokenEndpoint } from './token-endpoint.ts'

const json = { 'Content-Type': 'application/json' }
const drip = (response: ServerResponse) => {
  response.writeHead(200, json).write('{"access_token":"')
  const timer = setInterval(() => response.write('x'), 50)
  response.on('close', () => clearInterval(timer))
}
const flood = (response: ServerResponse, status = 200) => {
  response.writeHead(status, json).write('{"access_token":"')
  const more = () => {
    while (!response.destroyed && response.write('x'.repeat(65_536)));
  }
  response.on('drain', more)
  more()
}

describe('a redemption is asked once, and ends in bounded time and room', () => {
  for (const [what, answer, within] of [
    ['a provider that says nothing', () => undefined, 9_500],
    ['a provider that drips for ever', drip, 9_500],
    ['a provider that floods for ever', flood, 5_000],
    ['a refusal that floods for ever', (response: ServerResponse) => flood(response, 401), 5_000],
    ['garbage', (response: ServerResponse) => response.writeHead(200, json).end('{"half": '), 2_000],
    [
      'a page',
      (response: ServerResponse) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>'),
      2_000,
    ],
    ['a redirect to elsewhere', (response: ServerResponse) => response.writeHead(307, { location: '/x' }).end(), 2_000],
    [
      'a header that never ends',
      (response: ServerResponse) => response.writeHead(200, { x: 'y'.repeat(100_000) }).end(),
      2_000,
    ],
  ] as const) {
    test(`by ${what} (T60, T88)`, async () => {
      const endpoint = await startTokenEndpoint({ answer: (_request, response) => void answer(response) })
      const begun = performance.now()
      const error = await endpoint.refresh(endpoint.provider(secretCredential('new', 'old')))
      expect(error).toBeInstanceOf(Error)
      expect(performance.now() - begun).toBeLessThan(within)
      expect(endpoint.told).toHaveLength(1)
      await endpoint.close()
    }, 15_000)
  }
})

test('discovery and tokens go through the proxy, to a provider of the private authority, and nothing else does', async () => {
  const authority = createAuthority()
  const tls = { ...authority.issue('DNS:login.example'), host: 'login.example' }
  const routes: Record<string, number> = {}
  const proxy = await startConnectProxy({ routes, login: 'gate:secret' })
  const egress = { ...straight, proxy: new Secret(`http://gate:secret@localhost:${proxy.port}`), ca: authority.cert }
  const endpoint = await startTokenEndpoint({ tls, egress })
  routes['login.example:443'] = endpoint.port
  const error = await endpoint.refresh(endpoint.provider(secretCredential('right')))
  expect(error).toMatchObject({ error: 'invalid_grant' })
  expect(endpoint.told.map(({ form, headers }) => [form.get('client_secret'), headers['proxy-authorization']])).toEqual(
    [['right', undefined]],
  )
  expect(new Set(proxy.asked)).toEqual(new Set(['login.example:443']))
  await endpoint.close()
  await proxy.close()
})
