import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { payrollStaff } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { nightShift, payrollAdministrators } from '../../src/emulator/groups.ts'
import { personas } from '../../src/emulator/people.ts'
import { at, findings, type Impostor, impostor, json, strangers, tokenOf } from './graph-scene.ts'

let emulator: Emulator
let server: Impostor | undefined
beforeAll(async () => {
  emulator = await startEmulator({ people: personas })
})
afterEach(() => {
  emulator.control.recover()
  server?.close()
  server = undefined
})
afterAll(() => emulator.close())

const always = Number.POSITIVE_INFINITY
const nick = 'nick@contoso.example'
const nobodys = '00000000-0000-4000-9000-000000000000'
const calls = () => emulator.control.requests('graph')

describe('askMemberships', () => {
  for (const [username, held] of [
    ['nora@contoso.example', []],
    ['groups1@contoso.example', [payrollStaff]],
    ['groups150@contoso.example', [payrollStaff]],
    ['groups201@contoso.example', [payrollStaff]],
    ['groups500@contoso.example', [payrollStaff]],
    [nick, [payrollStaff, nightShift]],
  ] as const) {
    test(`askMemberships finds what ${username} belongs to, and asks once`, async () => {
      const token = await tokenOf(emulator, username)
      const before = calls()
      const found = await findings(token, { memberships: [payrollStaff, payrollAdministrators, nightShift, nobodys] })
      expect(found).toEqual({ memberships: held, properties: {} })
      expect(calls() - before).toBe(1)
    })
  }

  for (const [count, most] of [
    [20, 1],
    [21, 1],
    [40, 1],
    [400, 1],
    [401, 2],
  ] as const) {
    test(`askMemberships asks for ${count} groups in ${most === 1 ? 'one call' : `${most} calls`}`, async () => {
      const token = await tokenOf(emulator, 'groups500@contoso.example')
      const before = calls()
      const found = await findings(token, { memberships: [...strangers(count - 1), payrollStaff] })
      // The last, so that no chunk but the last can know of it.
      expect(found).toMatchObject({ memberships: [payrollStaff] })
      expect(calls() - before).toBe(most)
    })
  }

  test('askMemberships reads all memberships, page by page, where the question itself is forbidden', async () => {
    const token = await tokenOf(emulator, 'groups500@contoso.example')
    emulator.control.fail('graph', { kind: 'status', status: 403, only: 'checkMemberObjects' }, always)
    const found = await findings(token, { memberships: [payrollAdministrators, payrollStaff] })
    expect(found).toMatchObject({ memberships: [payrollStaff] })
  })

  test('askMemberships does so too where a batch forbids it, wholly or in one of its answers', async () => {
    const token = await tokenOf(emulator, nick)
    const memberships = [...strangers(39), payrollStaff]
    emulator.control.fail('graph', { kind: 'status', status: 403, only: 'batch' })
    expect(await findings(token, { memberships })).toMatchObject({ memberships: [payrollStaff] })
    emulator.control.fail('graph-batch-entry', { kind: 'status', status: 403 })
    expect(await findings(token, { memberships })).toMatchObject({ memberships: [payrollStaff] })
  })

  test('askMemberships asks those of a batch again that were throttled, and these alone', async () => {
    const token = await tokenOf(emulator, nick)
    emulator.control.fail('graph-batch-entry', { kind: 'status', status: 429, headers: { 'Retry-After': '1' } })
    const [before, entries] = [calls(), emulator.control.requests('graph-batch-entry')]
    const begun = performance.now()
    expect(await findings(token, { memberships: [...strangers(39), payrollStaff] })).toMatchObject({
      memberships: [payrollStaff],
    })
    expect(performance.now() - begun).toBeGreaterThan(990)
    expect([calls() - before, emulator.control.requests('graph-batch-entry') - entries]).toEqual([2, 3])
  })

  for (const [what, fail, fault, cause] of [
    ['throttled twice', { endpoint: 'graph', times: 2, status: 429 }, null, ''],
    ['busy for good (T109)', { endpoint: 'graph', times: always, status: 503 }, 'graph_unreachable', /503/],
    [
      'throttled for an hour (T109)',
      { endpoint: 'graph', times: 1, status: 429, wait: '3600' },
      'graph_unreachable',
      /429 TooManyRequests, request-id [0-9a-f-]{36}/,
    ],
    [
      'throttled in a batch for good',
      { endpoint: 'graph-batch-entry', times: always, status: 429 },
      'graph_unreachable',
      /429/,
    ],
    [
      'throttled in a batch for an hour',
      { endpoint: 'graph-batch-entry', times: 1, status: 429, wait: '3600' },
      'graph_unreachable',
      /429/,
    ],
    ['broken in a batch', { endpoint: 'graph-batch-entry', times: 1, status: 500 }, 'graph_unreachable', /500/],
    ['refusing the token (T109)', { endpoint: 'graph', times: always, status: 401 }, 'graph_refused', /401/],
    [
      'refusing both questions (T109)',
      { endpoint: 'graph', times: always, status: 403 },
      'graph_refused',
      /403 Authorization_RequestDenied/,
    ],
    ['refusing the question', { endpoint: 'graph', times: 1, status: 400 }, 'graph_refused', /400/],
  ] as const) {
    test(`askMemberships ${fault === null ? 'answers' : `ends in ${fault}`} when Graph is ${what}`, async () => {
      const token = await tokenOf(emulator, nick)
      const headers = { 'Retry-After': 'wait' in fail ? fail.wait : '0' }
      const failure = { kind: 'status', status: fail.status, headers } as const
      emulator.control.fail(fail.endpoint, failure, fail.times)
      const found = await findings(token, { memberships: [...strangers(39), payrollStaff] })
      if (fault === null) expect(found).toMatchObject({ memberships: [payrollStaff] })
      else expect(found).toEqual({ fault, cause: expect.stringMatching(cause) })
    })
  }

  test('askMemberships does without any permission but User.Read, and not without that (T109)', async () => {
    const found = await findings(await tokenOf(emulator, nick, 'openid profile'), { memberships: [payrollStaff] })
    expect(found).toEqual({ fault: 'graph_refused', cause: expect.stringContaining('transitiveMemberOf: 403') })
  })
})

const forbidden = (path: string) => path.endsWith('checkMemberObjects')

describe('askMemberships and hostile answers', () => {
  const [asked, other] = [payrollStaff, payrollAdministrators]
  const batch = strangers(39)

  async function answered(body: unknown, memberships: readonly string[] = [asked], status = 200) {
    server = await impostor((_request, response) => json(response, body, status))
    return await findings(at(server.origin), { memberships })
  }

  test('askMemberships takes no id that was not asked, and compares without case', async () => {
    expect(await answered({ value: [other, asked.toUpperCase(), asked] })).toMatchObject({ memberships: [asked] })
  })

  for (const [what, body] of [
    ['no list', {}],
    ['a list of something else', { value: [{ id: asked }] }],
    ['a text', 'yes'],
    ['nothing', null],
    ['a list with a hole', { value: [asked, null] }],
  ] as const) {
    test(`askMemberships ends in graph_unreachable for ${what}, and takes it for no membership (T109)`, async () => {
      expect(await answered(body)).toMatchObject({ fault: 'graph_unreachable' })
    })
  }

  for (const [what, responses] of [
    ['no answers', undefined],
    ['too few answers', [{ id: '0', status: 200, body: { value: [] } }]],
    [
      'answers to other questions',
      [
        { id: '7', status: 200, body: { value: [] } },
        { id: '8', status: 200, body: { value: [] } },
      ],
    ],
    ['answers without a status', [{ id: '0' }, { id: '1' }]],
    [
      'answers without a list',
      [
        { id: '0', status: 200, body: {} },
        { id: '1', status: 200, body: { value: [] } },
      ],
    ],
    ['answers that are none', [null, 7]],
  ] as const) {
    test(`askMemberships ends in graph_unreachable for a batch with ${what} (T109)`, async () => {
      expect(await answered({ responses }, [...batch, asked])).toMatchObject({ fault: 'graph_unreachable' })
    })
  }

  test('askMemberships says nothing of what it was answered but what looks like a code (T91)', async () => {
    const body = { error: { code: 'No <script>alert(1)</script>', message: 'secret' } }
    server = await impostor((_request, response) => json(response, body, 400, { 'request-id': '"><b>' }))
    expect(await findings(at(server.origin), { memberships: [asked] })).toEqual({
      fault: 'graph_refused',
      cause: 'GraphRefusal: checkMemberObjects: 400 -, request-id -',
    })
  })

  for (const [what, next] of [
    ['of another host', 'http://127.0.0.1:9/v1.0/me/transitiveMemberOf'],
    ['of a host that only begins alike', 'BASE.evil.example/v1.0/me'],
    ['outside of the base', 'BASE/../../beta/me'],
    ['that is no address', 7],
    ['with a name in front of the host', 'http://BASEHOST@evil.example/v1.0/me'],
  ] as const) {
    test(`askMemberships never follows a next page ${what} (T110)`, async () => {
      const trap = await impostor((_request, response) => json(response, { value: [{ id: asked }] }))
      server = await impostor((request, response) => {
        if (forbidden(request.url ?? '')) return json(response, {}, 403)
        const base = `http://${request.headers.host}/v1.0`
        const link = String(next).replace('BASEHOST', String(request.headers.host)).replace('BASE', base)
        json(response, {
          value: [],
          '@odata.nextLink': next === 7 ? 7 : link.replace('127.0.0.1:9', new URL(trap.origin).host),
        })
      })
      const found = await findings(at(server.origin), { memberships: [asked] })
      expect(found).toMatchObject({ fault: 'graph_unreachable', cause: expect.stringContaining('elsewhere') })
      expect([server.asked.length, trap.asked.length]).toEqual([2, 0])
      trap.close()
    })
  }

  test('askMemberships never follows a redirect, which would take the token along (T110)', async () => {
    const trap = await impostor((_request, response) => json(response, { value: [asked] }))
    server = await impostor(
      (_request, response) => void response.writeHead(307, { location: `${trap.origin}/x` }).end(),
    )
    expect(await findings(at(server.origin), { memberships: [asked] })).toMatchObject({ fault: 'graph_refused' })
    expect(trap.asked).toEqual([])
    trap.close()
  })

  test('askMemberships stops at memberships without end (T88)', async () => {
    server = await impostor((request, response) => {
      if (forbidden(request.url ?? '')) return json(response, {}, 403)
      const more = `http://${request.headers.host}/v1.0/me/transitiveMemberOf?$skiptoken=x`
      json(response, { value: [{ id: nobodys }], '@odata.nextLink': more })
    })
    const found = await findings(at(server.origin), { memberships: [asked] })
    expect(found).toMatchObject({ fault: 'graph_unreachable', cause: expect.stringContaining('without end') })
    expect(server.asked.length).toBe(21)
  })

  test('askMemberships reads no further once everything is found', async () => {
    server = await impostor((request, response) => {
      if (forbidden(request.url ?? '')) return json(response, {}, 403)
      const more = `http://${request.headers.host}/v1.0/me/transitiveMemberOf?$skiptoken=x`
      json(response, { value: [{ id: asked }], '@odata.nextLink': more })
    })
    expect(await findings(at(server.origin), { memberships: [asked] })).toMatchObject({ memberships: [asked] })
    expect(server.asked).toEqual([
      'POST /v1.0/me/checkMemberObjects',
      'GET /v1.0/me/transitiveMemberOf?$select=id&$top=999',
    ])
  })
})
