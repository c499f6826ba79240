import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createEgress } from '../../src/oidc/egress.ts'
import { fetchFrom } from '../../src/oidc/fetch.ts'
import { secretCredential, straight } from '../credentials.ts'

const megabyte = 1_048_576
const bomb = gzipSync(Buffer.alloc(50 * megabyte))
const server = createServer((request, response) => {
  if (request.url === '/bomb') response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(bomb)
  else if (request.url === '/none') response.writeHead(204).end()
  else if (request.url === '/moved') response.writeHead(302, { Location: '/fits' }).end('moved')
  else response.end(Buffer.alloc(request.url === '/fits' ? megabyte : megabyte + 1))
})
const egress = createEgress(() => straight)
let origin = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  egress.close()
  server.close()
})

const get = fetchFrom(
  {
    ...{
      kind: 'oidc',
      label: 'x',
      emailDomains: [],
      authContexts: {},
      name: 'x',
      issuer: 'https://login.example',
      clientId: 'x',
      credential: secretCredential('x'),
    },
    ...{ scopes: [], groupsClaim: 'groups', appRolesClaim: 'roles' },
  },
  egress.fetch,
  () => null,
)
const ask = (path: string) =>
  get(origin + path, {
    method: 'GET',
    headers: {},
    body: undefined,
    redirect: 'manual',
    signal: AbortSignal.timeout(5_000),
  })

test('fetchFrom reads an answer of a megabyte, and breaks off a longer one', async () => {
  expect((await (await ask('/fits')).arrayBuffer()).byteLength).toBe(megabyte)
  await expect((await ask('/long')).text()).rejects.toThrow('too long')
})

test('fetchFrom breaks off a short answer that unpacks to a long one (T60)', async () => {
  expect(bomb.byteLength).toBeLessThan(megabyte)
  await expect((await ask('/bomb')).text()).rejects.toThrow('too long')
})

test('fetchFrom passes on answers without a body, and redirects as they are', async () => {
  expect((await ask('/none')).status).toBe(204)
  const moved = await ask('/moved')
  expect([moved.status, moved.headers.get('location'), await moved.text()]).toEqual([302, '/fits', 'moved'])
})
