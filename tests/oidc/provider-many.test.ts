/** Providers by the hundred, over real sockets: how many are asked at once, who goes first, and who is left alone. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { Provider } from '../../src/core/gateway.ts'
import { createProviders, type Providers } from '../../src/oidc/provider.ts'
import { createLog } from '../../src/ops/log.ts'
import { secretCredential, wayOut } from '../credentials.ts'
import { until } from '../redis.ts'

interface Host {
  readonly providers: Providers
  readonly asked: readonly string[]
  readonly waiting: ReadonlyMap<string, ServerResponse>
  provider(name: string): Provider
  /** Answers whoever waits, and from now on everybody. */
  open(status: number): void
}

/** One host for all of them; each is a path. It keeps its answers until it is opened. */
async function withHost(work: (host: Host) => Promise<void>): Promise<void> {
  const asked: string[] = []
  const waiting = new Map<string, ServerResponse>()
  let status: number | null = null
  let origin = ''
  const answer = (name: string, response: ServerResponse) => {
    const issuer = `${origin}/${name}`
    const endpoints = { authorization_endpoint: `${issuer}/a`, token_endpoint: `${issuer}/t`, jwks_uri: `${issuer}/k` }
    response.writeHead(status ?? 500, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify({ issuer, ...endpoints }))
  }
  const server = createServer((request, response) => {
    const name = request.url?.split('/')[1] ?? ''
    asked.push(name)
    if (status === null) waiting.set(name, response)
    else answer(name, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const log = createLog({ level: 'error', destination: { write: () => undefined } })
  const out = wayOut({ log })
  const providers = createProviders({ log, ...out })
  try {
    await work({
      ...{ providers, asked, waiting },
      provider: (name) => ({
        ...{
          kind: 'oidc',
          label: 'x',
          emailDomains: [],
          authContexts: {},
          name,
          issuer: `${origin}/${name}`,
          clientId: 'x',
          credential: secretCredential('x'),
        },
        ...{ scopes: [], groupsClaim: 'groups', appRolesClaim: 'roles' },
      }),
      open(next) {
        status = next
        for (const [name, response] of waiting) answer(name, response)
        waiting.clear()
      },
    })
  } finally {
    providers.close()
    out.close()
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `p${index}`)

test('warm asks a few at a time, and whom somebody waits for at once', () =>
  withHost(async ({ providers, asked, waiting, provider, open }) => {
    const all = names(100).map(provider)
    for (const each of all) providers.warm(each)
    await until('the first are asked', () => waiting.size === 16)
    expect(providers.summary()).toEqual({ ready: 0, failing: 0, unknown: 100, failingNames: [] })
    const last = all[99]
    if (last === undefined) throw new Error('there is no last one')
    const wanted = providers.configuration(last)
    await until('the one that is needed is asked', () => waiting.has('p99'))
    expect(asked).toHaveLength(17)
    open(200)
    await wanted
    await until('all are ready', () => providers.summary().ready === 100)
    expect(asked).toHaveLength(100)
    expect(new Set(asked).size).toBe(100)
    // Again, as after a reload: nothing is left to do.
    providers.keepOnly(all)
    for (const each of all) providers.warm(each)
    expect(asked).toHaveLength(100)
  }))

test(
  'keepOnly stops the waiting and the retries of those that the configuration has no more',
  () =>
    withHost(async ({ providers, asked, waiting, provider, open }) => {
      const [kept, gone] = [provider('kept'), provider('gone')]
      const later = names(20).map(provider)
      for (const each of [kept, gone, ...later]) providers.warm(each)
      await until('the first are asked', () => waiting.size === 16)
      providers.keepOnly([kept])
      open(500)
      await until(
        'the one that is left is tried again',
        () => asked.filter((name) => name === 'kept').length >= 3,
        10_000,
      )
      expect(asked.filter((name) => name === 'gone')).toHaveLength(1)
      expect(asked).not.toContain('p19')
      expect(providers.summary()).toEqual({ ready: 0, failing: 1, unknown: 0, failingNames: ['kept'] })
      expect(providers.state(gone)).toBe('failing')
      // Back in the configuration, the same object: it is tried again.
      open(200)
      providers.keepOnly([kept, gone])
      for (const each of [kept, gone]) providers.warm(each)
      await until('both are ready', () => providers.summary().ready === 2, 10_000)
    }),
  30_000,
)

test(
  'keepOnly stops a retry that was to come',
  () =>
    withHost(async ({ providers, asked, provider, open }) => {
      open(500)
      const [kept, gone] = [provider('kept'), provider('gone')]
      for (const each of [kept, gone]) providers.warm(each)
      await until('both have failed', () => providers.summary().failing === 2)
      providers.keepOnly([kept])
      await until(
        'the one that is left is tried again',
        () => asked.filter((name) => name === 'kept').length >= 3,
        10_000,
      )
      expect(asked.filter((name) => name === 'gone')).toHaveLength(1)
    }),
  20_000,
)

test('summary counts, and names twenty of those that fail', () =>
  withHost(async ({ providers, provider, open }) => {
    open(500)
    const all = names(30).map(provider)
    for (const each of all) providers.warm(each)
    await until('all have failed', () => providers.summary().failing === 30)
    expect(providers.summary()).toMatchObject({ ready: 0, unknown: 0, failingNames: names(20) })
  }))
