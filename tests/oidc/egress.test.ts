import { createServer } from 'node:http'
import { createServer as createSecureServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EgressSettings } from '../../src/core/gateway.ts'
import { Secret } from '../../src/core/secret.ts'
import { createEgress, type Egress } from '../../src/oidc/egress.ts'
import { createAuthority } from '../certificates.ts'
import { type ConnectProxy, type ConnectProxyOptions, startConnectProxy } from '../connect-proxy.ts'
import { straight } from '../credentials.ts'

const authority = createAuthority()
const other = createAuthority()
const seen: (string | undefined)[] = []
let provider: Server
let port = 0
beforeAll(async () => {
  provider = createSecureServer(authority.issue('DNS:login.example,DNS:localhost'), (request, response) => {
    seen.push(request.headers['proxy-authorization'])
    response.end('hello')
  })
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  port = (provider.address() as AddressInfo).port
})
afterAll(() => void provider.close())

const options = { method: 'GET', headers: {}, body: undefined, redirect: 'manual' } as const
const get = (egress: Egress, url: string) => egress.fetch(url, { ...options, signal: AbortSignal.timeout(5_000) })

async function through(
  settings: Partial<EgressSettings>,
  work: (egress: Egress, proxy: ConnectProxy) => Promise<void>,
  proxyOptions: ConnectProxyOptions & { readonly scheme?: string; readonly as?: string } = {},
): Promise<void> {
  const routes = { 'login.example:443': port, 'login.example': port }
  const proxy = await startConnectProxy({ routes, ...proxyOptions })
  const { scheme = 'http', as = '' } = proxyOptions
  const url = new Secret(`${scheme}://${as}localhost:${proxy.port}`)
  const all = { ...straight, proxy: url, ca: authority.cert, ...settings }
  const egress = createEgress(() => all)
  try {
    await work(egress, proxy)
  } finally {
    egress.close()
    await proxy.close()
  }
}

describe('createEgress', () => {
  test('asks a provider through the proxy, by a tunnel, and tells the proxy no more than the host', () =>
    through({}, async (egress, proxy) => {
      const answer = await get(egress, 'https://login.example/secret/path?x=1')
      expect([answer.status, await answer.text()]).toEqual([200, 'hello'])
      expect(proxy.asked).toEqual(['login.example:443'])
      expect(proxy.plain).toEqual([])
    }))

  test('shows its password to the proxy, and never to the provider', async () => {
    const login = { login: 'gate:p@ss word', as: 'gate:p%40ss%20word@' }
    await through({}, async (egress) => expect((await get(egress, 'https://login.example/')).status).toBe(200), login)
    expect(seen.at(-1)).toBeUndefined()
    await through({}, (egress) => expect(get(egress, 'https://login.example/')).rejects.toThrow('fetch failed'), {
      ...login,
      as: 'gate:wrong@',
    })
  })

  test('speaks TLS to a proxy of the private authority', () =>
    through({}, async (egress) => expect((await get(egress, 'https://login.example/')).status).toBe(200), {
      tls: authority.issue('DNS:localhost'),
      scheme: 'https',
    }))

  test('says nothing to a proxy that shows another certificate', () =>
    through(
      {},
      async (egress, proxy) => {
        await expect(get(egress, 'https://login.example/')).rejects.toThrow('fetch failed')
        expect(proxy.asked).toEqual([])
      },
      { tls: other.issue('DNS:localhost'), scheme: 'https', login: 'a:b', as: 'a:b@' },
    ))

  test('fails in words of a network where the proxy does not open a tunnel', () =>
    through({}, (egress) => expect(get(egress, 'https://login.example/')).rejects.toThrow('fetch failed'), {
      refuseWith: 403,
    }))

  test('believes the private authority, with and without a proxy, and no other', async () => {
    const url = `https://localhost:${port}/`
    for (const [ca, works] of [
      [authority.cert, true],
      [other.cert, false],
      [null, false],
    ] as const) {
      const egress = createEgress(() => settings)
      const settings = { ...straight, ca }
      const answer = await get(egress, url).then(
        ({ status }) => status === 200,
        () => false,
      )
      egress.close()
      expect(answer, String(works)).toBe(works)
      await through({ ca }, async (proxied) => {
        const sent = get(proxied, 'https://login.example/').then(
          () => true,
          () => false,
        )
        expect(await sent).toBe(works)
      })
    }
  })

  test('does not take a certificate for another host through the tunnel', () =>
    through({}, (egress) => expect(get(egress, 'https://evil.example/')).rejects.toThrow('fetch failed'), {
      routes: { 'evil.example:443': port },
    }))

  for (const [noProxy, isProxied] of [
    [['elsewhere.example'], true],
    [['login.example'], false],
    [['.example'], false],
    [['*.example'], false],
    [['*'], false],
    [['login.example:444'], true],
  ] as const) {
    test(`keeps to noProxy ${noProxy.join()}`, () =>
      through({ noProxy }, async (egress, proxy) => {
        await get(egress, 'https://login.example/').catch(() => undefined)
        expect(proxy.asked.length > 0).toBe(isProxied)
      }))
  }

  test('never asks a proxy for this machine itself, nor for its identity service', async () => {
    const local = createServer((_request, response) => response.end('here'))
    await new Promise<void>((resolve) => local.listen(0, '127.0.0.1', resolve))
    const own = (local.address() as AddressInfo).port
    await through({}, async (egress, proxy) => {
      for (const host of ['localhost', '127.0.0.1']) {
        expect(await (await get(egress, `http://${host}:${own}/`)).text()).toBe('here')
      }
      expect(await (await egress.direct(`http://127.0.0.1:${own}/`, options)).text()).toBe('here')
      await expect(
        egress.direct('http://127.0.0.2:1/', { ...options, signal: AbortSignal.timeout(2_000) }),
      ).rejects.toThrow()
      expect([...proxy.asked, ...proxy.plain]).toEqual([])
    })
    local.close()
  })

  test('does not ask the environment for a proxy', async () => {
    const proxy = await startConnectProxy()
    process.env.https_proxy = `http://localhost:${proxy.port}`
    const egress = createEgress(() => settings)
    const settings = { ...straight, ca: authority.cert }
    try {
      expect((await get(egress, `https://localhost:${port}/`)).status).toBe(200)
      expect(proxy.asked).toEqual([])
    } finally {
      delete process.env.https_proxy
      egress.close()
      await proxy.close()
    }
  })

  test('takes changed settings with the next request', async () => {
    let settings: EgressSettings = { ...straight, ca: other.cert }
    const egress = createEgress(() => settings)
    const url = `https://localhost:${port}/`
    await expect(get(egress, url)).rejects.toThrow('fetch failed')
    settings = { ...straight, ca: authority.cert }
    expect((await get(egress, url)).status).toBe(200)
    egress.close()
  })
})
