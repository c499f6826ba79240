import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { allEmployees, payrollStaff } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { nightShift, payrollAdministrators } from '../../src/emulator/groups.ts'
import { personas } from '../../src/emulator/people.ts'
import { createBrowser, payloadOf, redeem, signIn } from './client.ts'

const [nick, many, uwe] = ['nick@contoso.example', 'groups500@contoso.example', 'uwe@contoso.example']
const reader = 'openid profile User.Read'
let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator({ people: personas })
})
afterEach(() => emulator.control.recover())
afterAll(() => emulator.close())

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown> & { value: { id: string }[]; error: Record<string, unknown> }
}

async function tokenOf(username: string, scope = reader): Promise<string> {
  const { body } = await redeem(emulator.origin, await signIn(createBrowser(), emulator.origin, username, { scope }))
  return String(body.access_token)
}

async function ask(token: string, path: string, sent?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(path.startsWith('http') ? path : `${emulator.origin}/v1.0${path}`, {
    method: sent === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json')
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : { value: [], error: {} },
  }
}

describe('membership', () => {
  test('checkMember finds inherited groups and nothing that was not asked for', async () => {
    const answer = await ask(await tokenOf(nick), '/me/checkMemberObjects', {
      ids: [payrollStaff, payrollAdministrators],
    })
    expect(answer.status).toBe(200)
    expect(answer.body).toStrictEqual({
      '@odata.context': expect.stringContaining('$metadata#Collection(Edm.String)'),
      value: [payrollStaff],
    })
  })

  for (const [name, ids] of [
    ['twenty-one ids', Array.from({ length: 21 }, () => payrollStaff)],
    ['no ids', []],
    ['an id that is no GUID', ['everybody']],
  ] as const) {
    test(`checkMember refuses ${name} with 400`, async () => {
      const answer = await ask(await tokenOf(nick), '/me/checkMemberObjects', { ids }, { 'client-request-id': 'mine' })
      expect(answer.status).toBe(400)
      expect(answer.headers.get('client-request-id')).toBe('mine')
      expect(answer.body.error).toStrictEqual({
        code: 'Request_BadRequest',
        message: expect.any(String),
        innerError: {
          date: expect.any(String),
          'request-id': answer.headers.get('request-id'),
          'client-request-id': 'mine',
        },
      })
    })
  }

  test('transitiveMemberOf hands out pages, with links, until all five hundred have come', async () => {
    const token = await tokenOf(many)
    const found: string[] = []
    let pages = 0
    for (let next: unknown = '/me/transitiveMemberOf?$select=id&$top=200'; next !== undefined; pages += 1) {
      const { body } = await ask(token, String(next))
      expect(body.value[0]).toEqual({ '@odata.type': '#microsoft.graph.group', id: expect.any(String) })
      found.push(...body.value.map(({ id }) => id))
      next = body['@odata.nextLink']
    }
    expect([pages, found.length, found.includes(payrollStaff)]).toEqual([3, 500, true])
    expect((await ask(token, '/me/transitiveMemberOf')).body.value).toHaveLength(100)
    expect((await ask(token, '/me/transitiveMemberOf?$top=1000')).status).toBe(400)
  })

  test('transitiveMemberOf tells names only to who may read groups', async () => {
    const first = async (scope: string) =>
      (await ask(await tokenOf(nick, scope), '/me/transitiveMemberOf')).body.value[0]
    expect(await first(reader)).toMatchObject({ id: nightShift, displayName: null })
    expect(await first(`${reader} GroupMember.Read.All`)).toMatchObject({ displayName: 'Payroll night shift' })
  })

  test('transitiveMemberOf counts and casts only with ConsistencyLevel', async () => {
    const token = await tokenOf(nick)
    for (const path of ['/me/transitiveMemberOf?$count=true', '/me/transitiveMemberOf/microsoft.graph.group']) {
      expect((await ask(token, path)).status).toBe(400)
    }
    const cast = '/me/transitiveMemberOf/microsoft.graph.group?$count=true'
    const { body } = await ask(token, cast, undefined, { ConsistencyLevel: 'eventual' })
    expect(body['@odata.count']).toBe(2)
  })

  test('getMember gives all ids, directory roles too', async () => {
    const { body } = await ask(await tokenOf('olga@contoso.example'), '/me/getMemberObjects', {
      securityEnabledOnly: false,
    })
    expect(body.value).toHaveLength(2)
  })
})

describe('permissions', () => {
  for (const [path, scope, status] of [
    ['/me', 'openid', 403],
    ['/me', reader, 200],
    ['/me', 'openid https://graph.microsoft.com/.default', 200],
    ['/users/3c6e0a94-8d1b-4b57-9f20-5e7a1c4d8b36', reader, 403],
    ['/users/3c6e0a94-8d1b-4b57-9f20-5e7a1c4d8b36', `${reader} User.Read.All`, 200],
    ['/users/11111111-2222-4333-8444-555555555555', `${reader} User.Read.All`, 404],
    ['/me/unheard-of', reader, 400],
  ] as const) {
    test(`createGraph answers ${path} for ${scope} with ${status}`, async () => {
      expect((await ask(await tokenOf(uwe, scope), path)).status).toBe(status)
    })
  }

  for (const [call, body] of [
    ['checkMemberGroups', { groupIds: [payrollStaff] }],
    ['getMemberGroups', { securityEnabledOnly: true }],
  ] as const) {
    test(`createGraph wants GroupMember.Read.All for ${call}`, async () => {
      const denied = await ask(await tokenOf(uwe), `/me/${call}`, body)
      expect([denied.status, denied.body.error.code]).toEqual([403, 'Authorization_RequestDenied'])
      expect((await ask(await tokenOf(uwe, `${reader} GroupMember.Read.All`), `/me/${call}`, body)).status).toBe(200)
    })
  }

  test('createGraph refuses a token that it has not given, or that has expired', async () => {
    const own = await ask('invented', '/me')
    expect([own.status, own.body.error.code]).toEqual([401, 'InvalidAuthenticationToken'])
    const token = await tokenOf(uwe)
    emulator.control.clock.forward(5_401)
    expect((await ask(token, '/me')).status).toBe(401)
  })
})

describe('the person', () => {
  test('profile selects properties, and refuses one that there is not', async () => {
    const token = await tokenOf(uwe)
    const { body } = await ask(token, '/me?$select=onPremisesSamAccountName,employeeId,city')
    expect(body).toMatchObject({ onPremisesSamAccountName: 'umueller', employeeId: '0042', city: null })
    expect(body).not.toHaveProperty('displayName')
    expect((await ask(token, '/me')).body).toMatchObject({
      displayName: 'Uwe Müller',
      mail: 'uwe.mueller@contoso.example',
    })
    expect((await ask(token, '/me?$select=shoeSize')).status).toBe(400)
  })

  test('photo sends the picture, or says that there is none', async () => {
    const token = await tokenOf(uwe)
    const none = await ask(token, '/me/photos/48x48/$value')
    expect([none.status, none.body.error.code]).toEqual([404, 'ImageNotFound'])
    expect((await ask(token, '/me/photo')).body).toMatchObject({ '@odata.mediaContentType': 'image/gif', id: '1x1' })
    emulator.control.changePerson(uwe, { photo: Buffer.from([0xff, 0xd8, 0xff, 0xd9]).toString('base64') })
    const some = await ask(token, '/me/photos/48x48/$value')
    expect([some.status, some.headers.get('content-type')]).toEqual([200, 'image/jpeg'])
    expect((await ask(token, '/me/photos/1x1/$value')).status).toBe(400)
  })

  test('userInfo names the same subject as the ID token', async () => {
    const { body } = await redeem(
      emulator.origin,
      await signIn(createBrowser(), emulator.origin, uwe, { scope: reader }),
    )
    const said = await ask(String(body.access_token), `${emulator.origin}/oidc/userinfo`)
    expect(said.body).toMatchObject({ sub: payloadOf(body.id_token).sub, family_name: 'Müller' })
  })

  test('revokeSignInSessions needs its permission, and then refuses the refresh token', async () => {
    expect((await ask(await tokenOf(uwe), '/me/revokeSignInSessions', {})).status).toBe(403)
    const token = await tokenOf(uwe, `${reader} User.RevokeSessions.All`)
    expect((await ask(token, '/me/revokeSignInSessions', {})).body.value).toBe(true)
  })
})

describe('a batch', () => {
  const entry = (id: number, ids: readonly string[]) => ({
    ...{ id: String(id), method: 'POST', url: '/me/checkMemberObjects' },
    ...{ headers: { 'Content-Type': 'application/json' }, body: { ids } },
  })

  test('readBatch answers every entry, in another order', async () => {
    const requests = [entry(1, [payrollStaff]), entry(2, [allEmployees]), { id: '3', method: 'GET', url: '/me/x' }]
    const { body } = await ask(await tokenOf(uwe), '/$batch', { requests })
    expect(body.responses).toMatchObject([
      { id: '3', status: 400 },
      { id: '2', status: 200, body: { value: [allEmployees] } },
      { id: '1', status: 200, body: { value: [payrollStaff] } },
    ])
  })

  test('readBatch lets one entry fail by itself', async () => {
    const failure = { kind: 'status', status: 429, headers: { 'Retry-After': '3' } } as const
    emulator.control.fail('graph-batch-entry', failure)
    const requests = [entry(1, [payrollStaff]), entry(2, [payrollStaff])]
    const { status, body } = await ask(await tokenOf(uwe), '/$batch', { requests })
    expect(status).toBe(200)
    expect(body.responses).toMatchObject([
      { id: '2', status: 200 },
      { id: '1', status: 429, headers: { 'Retry-After': '3' }, body: { error: { code: 'TooManyRequests' } } },
    ])
  })

  for (const [name, requests] of [
    ['twenty-one entries', Array.from({ length: 21 }, (_, at) => entry(at, [payrollStaff]))],
    ['two entries of one id', [entry(1, []), entry(1, [])]],
    ['no entries', []],
    ['entries that are none', ['x']],
  ] as const) {
    test(`readBatch refuses ${name}`, async () => {
      expect((await ask(await tokenOf(uwe), '/$batch', { requests })).status).toBe(400)
    })
  }
})

describe('failures', () => {
  test('createGraph throttles with Retry-After, as often as said', async () => {
    const token = await tokenOf(uwe)
    emulator.control.fail('graph', { kind: 'status', status: 429, headers: { 'Retry-After': '2' } })
    const throttled = await ask(token, '/me')
    expect([throttled.status, throttled.headers.get('retry-after')]).toEqual([429, '2'])
    expect(throttled.body.error).toMatchObject({
      code: 'TooManyRequests',
      innerError: { 'request-id': expect.any(String) },
    })
    expect((await ask(token, '/me')).status).toBe(200)
  })

  test('createGraph fails one call only, so that a fallback can be tried', async () => {
    const token = await tokenOf(uwe)
    const failure = { kind: 'status', status: 403, only: 'checkMemberObjects' } as const
    emulator.control.fail('graph', failure, Number.POSITIVE_INFINITY)
    const denied = await ask(token, '/me/checkMemberObjects', { ids: [payrollStaff] })
    expect([denied.status, denied.body.error.code]).toEqual([403, 'Authorization_RequestDenied'])
    expect((await ask(token, '/me/transitiveMemberOf')).status).toBe(200)
  })

  test('createGraph challenges a token as Continuous Access Evaluation does', async () => {
    emulator.control.fail('graph', { kind: 'status', status: 401, challenge: true })
    const { status, headers } = await ask(await tokenOf(uwe), '/me')
    const [, claims = ''] = /claims="([^"]+)"/.exec(headers.get('www-authenticate') ?? '') ?? []
    expect([status, headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('insufficient_claims')])
    expect(JSON.parse(Buffer.from(claims, 'base64').toString())).toMatchObject({
      access_token: { nbf: { essential: true } },
    })
  })

  test('createGraph is slow, or sends garbage', async () => {
    const token = await tokenOf(uwe)
    emulator.control.fail('graph', { kind: 'delay', milliseconds: 120 })
    const start = performance.now()
    expect((await ask(token, '/me')).status).toBe(200)
    expect(performance.now() - start).toBeGreaterThan(110)
    emulator.control.fail('graph', { kind: 'garbage' })
    await expect(ask(token, '/me')).rejects.toThrow(SyntaxError)
  })
})
