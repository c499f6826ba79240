import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createEgress } from '../../src/oidc/egress.ts'
import { createFederatedToken } from '../../src/oidc/federated-token.ts'
import { straight } from '../credentials.ts'
import { startTokenEndpoint } from './token-endpoint.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-federated-'))
const egress = createEgress(() => straight)
afterAll(() => {
  egress.close()
  rmSync(folder, { recursive: true })
})
const token = (name: string) => `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${name}.signature`
const authority = 'https://login.microsoftonline.com'

describe('workload identity', () => {
  test('is read again for every use, as Kubernetes replaces it', async () => {
    const file = join(folder, 'token')
    const place = (name: string) => {
      writeFileSync(join(folder, name), `${token(name)}\n`)
      symlinkSync(join(folder, name), join(folder, 'next'))
      renameSync(join(folder, 'next'), file)
    }
    place('one')
    const endpoint = await startTokenEndpoint({ env: { AZURE_FEDERATED_TOKEN_FILE: file } })
    const provider = endpoint.provider({ form: 'workload-identity', tokenFile: null })
    await endpoint.refresh(provider)
    place('two')
    await endpoint.refresh(provider)
    const sent = endpoint.told.map(({ form }) => form.get('client_assertion'))
    expect(sent).toEqual([token('one'), token('two')])
    expect(endpoint.told[0]?.form.get('client_assertion_type')).toContain('jwt-bearer')
    await endpoint.close()
  })

  test('that is not to be had sends nothing, and alarms', async () => {
    const huge = join(folder, 'huge')
    writeFileSync(huge, 'x'.repeat(200_000))
    for (const [env, tokenFile] of [
      [{}, null],
      [{ AZURE_FEDERATED_TOKEN_FILE: '' }, null],
      [{}, join(folder, 'missing')],
      [{}, folder],
      [{}, huge],
    ] as const) {
      const endpoint = await startTokenEndpoint({ env })
      const provider = endpoint.provider({ form: 'workload-identity', tokenFile })
      expect(await endpoint.refresh(provider)).toMatchObject({ cause: { code: 'client_refused' } })
      expect(endpoint.told).toEqual([])
      expect(endpoint.health.summary([provider])).toEqual({ contoso: 'workload-identity refused (not to be had)' })
      await endpoint.close()
    }
  })
})

/** The identity service of a machine. */
async function withService(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  work: (origin: string) => Promise<void>,
): Promise<void> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  server.close()
  server.closeAllConnections()
}

describe('managed identity', () => {
  const credential = { form: 'managed-identity', identity: '77777777-8888-4999-aaaa-000000000000' } as const

  test('is asked for at the identity service, kept until it expires, and not sent elsewhere', async () => {
    const asked: IncomingMessage[] = []
    let now = 1_000_000
    await withService(
      (request, response) => {
        asked.push(request)
        response.setHeader('Content-Type', 'application/json')
        response.end(JSON.stringify({ access_token: token(`n${asked.length}`), expires_on: String(now + 3_600) }))
      },
      async (origin) => {
        const env = { IDENTITY_ENDPOINT: `${origin}/msi/token`, IDENTITY_HEADER: 'proof' }
        const get = createFederatedToken({ env, ask: egress.direct, clock: () => now })
        expect(await get(credential, authority)).toBe(token('n1'))
        now += 3_000
        expect(await get(credential, authority)).toBe(token('n1'))
        now += 400
        expect(await get(credential, authority)).toBe(token('n2'))
      },
    )
    const url = new URL(asked[0]?.url ?? '', 'http://x')
    expect([url.pathname, Object.fromEntries(url.searchParams)]).toEqual([
      '/msi/token',
      { 'api-version': '2019-08-01', resource: 'api://AzureADTokenExchange', client_id: credential.identity },
    ])
    expect(asked[0]?.headers['x-identity-header']).toBe('proof')
  })

  for (const [cloud, resource] of [
    ['https://login.microsoftonline.us', 'api://AzureADTokenExchangeUSGov'],
    ['https://login.partner.microsoftonline.cn', 'api://AzureADTokenExchangeChina'],
  ] as const) {
    test(`is asked for in words of the cloud ${cloud}`, async () => {
      let asked = ''
      await withService(
        (request, response) => {
          asked = new URL(request.url ?? '', 'http://x').searchParams.get('resource') ?? ''
          response.end(JSON.stringify({ access_token: token('x') }))
        },
        async (origin) => {
          const env = { IDENTITY_ENDPOINT: origin, IDENTITY_HEADER: 'proof' }
          await createFederatedToken({ env, ask: egress.direct, clock: () => 0 })(
            { ...credential, identity: null },
            cloud,
          )
        },
      )
      expect(asked).toBe(resource)
    })
  }

  for (const [what, answer] of [
    ['a refusal', (response: ServerResponse) => response.writeHead(400).end('{}')],
    ['a redirect', (response: ServerResponse) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['no token', (response: ServerResponse) => response.end('{"access_token":"x y"}')],
    ['garbage', (response: ServerResponse) => response.end('<html>')],
    ['an endless answer', (response: ServerResponse) => response.end('x'.repeat(2_000_000))],
  ] as const) {
    test(`fails with ${what} of the identity service`, () =>
      withService(
        (_request, response) => void answer(response),
        async (origin) => {
          const env = { IDENTITY_ENDPOINT: origin, IDENTITY_HEADER: 'proof' }
          const get = createFederatedToken({ env, ask: egress.direct, clock: () => 0 })
          await expect(get(credential, authority)).rejects.toThrow(/identity service/)
        },
      ))
  }
})

test('a machine’s own identity service is asked at its well-known address, with its header, by nothing that follows a redirect', async () => {
  const seen: unknown[] = []
  const get = createFederatedToken({
    env: {},
    clock: () => 0,
    ask: async (url, options) => {
      seen.push([url, options.headers, options.redirect])
      return Response.json({ access_token: token('x') })
    },
  })
  await get({ form: 'managed-identity', identity: null }, authority)
  const query = 'api-version=2018-02-01&resource=api%3A%2F%2FAzureADTokenExchange'
  expect(seen).toEqual([
    [`http://169.254.169.254/metadata/identity/oauth2/token?${query}`, { Metadata: 'true' }, 'manual'],
  ])
})
