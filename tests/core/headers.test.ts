import assert from 'node:assert/strict'
import { describe, expect, test } from 'vitest'
import { finishHeaders } from '../../src/core/answer/headers.ts'
import type { HeaderEntry, HeaderPlan, Tenant } from '../../src/core/gateway.ts'
import { resolveRoles } from '../../src/core/identity/roles.ts'
import type { Session } from '../../src/core/identity/session.ts'
import type { RequestHeaders } from '../../src/core/request/facts.ts'
import { hostileNames } from '../corpus/headers.ts'
import { admins, facts, route, session, staff, tenant, toUpstream } from './build.ts'

const entries: readonly HeaderEntry[] = [
  { name: 'X-Forwarded-User', parts: [{ claim: 'oid' }] },
  { name: 'X-Forwarded-Name', parts: [{ claim: 'name' }] },
  { name: 'X-Forwarded-Email', parts: [{ claim: 'email' }] },
  { name: 'X-Forwarded-Roles', parts: [{ list: 'roles' }] },
  { name: 'X-Forwarded-Groups', parts: [{ list: 'groups' }] },
  { name: 'X-Account', parts: [{ text: 'CORP\\' }, { claim: 'sam' }] },
]
const plannedWith = (headers: HeaderPlan, also: Partial<Tenant> = {}) =>
  tenant({ routes: [route('/', 'signed-in', { to: toUpstream({ headers }) })], ...also })
const planned = (also: Partial<Tenant> = {}) => plannedWith({ entries, encoding: 'utf8', accessToken: null }, also)

function finish(
  headers: RequestHeaders,
  who: Session | null = null,
  at: Tenant = planned(),
  kind: 'data' | 'upgrade' = 'data',
) {
  const person = who === null ? null : { session: who, roles: resolveRoles(at, who) }
  const to = at.routes[0]?.to
  assert(to?.act === 'forward')
  return finishHeaders(facts({ headers, kind }), { tenant: at, to }, person, 'request-1')
}

describe('finishHeaders', () => {
  for (const name of hostileNames) {
    test(`takes off ${name}, for visitors and for signed-in people (T25, T27, T33)`, () => {
      for (const who of [null, session({ claims: {} })]) {
        const finished = finish({ [name.toLowerCase()]: 'planted-value' }, who)
        expect(JSON.stringify(finished)).not.toContain('planted-value')
      }
    })
  }

  test('adds what the plan says, worked out from facts and roles', () => {
    const finished = finish(
      { accept: '*/*' },
      session({ groups: [staff, admins], claims: { name: 'Ada', email: 'a@b.c', sam: 'ada' } }),
    )
    expect(finished).toMatchObject({
      accept: '*/*',
      'x-forwarded-user': session().facts.objectId,
      'x-forwarded-name': 'Ada',
      'x-forwarded-email': 'a@b.c',
      'x-forwarded-roles': 'admin,user',
      'x-forwarded-groups': `${staff},${admins}`,
      'x-account': 'CORP\\ada',
      'x-request-id': 'request-1',
    })
  })

  test('sends the highest role alone where the tenant says so', () => {
    const finished = finish({}, session({ groups: [staff, admins] }), planned({ sendRoles: 'highest' }))
    expect(finished['x-forwarded-roles']).toBe('admin')
  })

  test('sends no header for which a placeholder has no value, and none half filled', () => {
    const finished = finish({ 'x-account': 'CORP\\admin', 'x-forwarded-email': 'x' }, session({ claims: {} }))
    expect(finished).not.toHaveProperty('x-account')
    expect(finished).not.toHaveProperty('x-forwarded-email')
  })

  test('sends no header that no server would take, and works none out that names a list without end (T88)', () => {
    const held = Array.from({ length: 200 }, (_, place) => `8e2c7a10-5d4f-4b96-a3e8-${String(place).padStart(12, '0')}`)
    const long = Array.from({ length: 600 }, () => ({ list: 'groups' }) as const)
    const at = plannedWith({
      entries: [
        { name: 'X-Groups', parts: [{ list: 'groups' }] },
        { name: 'X-Long', parts: long },
        ...Array.from({ length: 20 }, (_, place) => ({ name: `X-${place}`, parts: [{ list: 'groups' } as const] })),
      ],
      encoding: 'utf8',
      accessToken: null,
    })
    const finished = finish({}, session({ groups: held }), at)
    expect(finished['x-groups']).toBe(held.join(','))
    expect(finished).not.toHaveProperty('x-long')
    expect(JSON.stringify(finished).length).toBeLessThan(70_000)
  })

  test('does not take inherited names for claims', () => {
    const at = plannedWith({
      entries: [{ name: 'X-A', parts: [{ claim: 'constructor' }] }],
      encoding: 'utf8',
      accessToken: null,
    })
    expect(finish({}, session(), at)).not.toHaveProperty('x-a')
  })

  test('sends no list of which an element would make two (T29)', () => {
    const at = plannedWith({
      entries: [{ name: 'X-Teams', parts: [{ claim: 'teams' }] }],
      encoding: 'utf8',
      accessToken: null,
    })
    expect(finish({}, session({ claims: { teams: ['a', 'b'] } }), at)['x-teams']).toBe('a,b')
    expect(finish({}, session({ claims: { teams: ['a,admin', 'b'] } }), at)).not.toHaveProperty('x-teams')
  })

  test('writes names that are not ASCII byte for byte in UTF-8', () => {
    const value = finish({}, session({ claims: { name: 'Zoë 山田 🌲' } }))['x-forwarded-name']
    expect(Buffer.from(String(value), 'latin1').toString('utf8')).toBe('Zoë 山田 🌲')
  })

  test('rebuilds the forwarded family from what we know (T21, T24)', () => {
    const finished = finish({
      'x-forwarded-for': '1.2.3.4',
      forwarded: 'for=1.2.3.4',
      'x-forwarded-host': 'evil',
      'x-forwarded-proto': 'http',
      'x-forwarded-prefix': '/x',
      'x-forwarded-port': '1',
    })
    expect(finished).toMatchObject({
      'x-forwarded-for': '192.0.2.1',
      'x-forwarded-host': 'payroll.example',
      'x-forwarded-proto': 'https',
      host: 'payroll.example',
    })
    for (const name of ['forwarded', 'x-forwarded-prefix', 'x-forwarded-port'])
      expect(finished).not.toHaveProperty(name)
  })

  test('drops what belongs to the connection, and what Connection names', () => {
    const finished = finish({
      connection: 'close, x-hop',
      'x-hop': '1',
      'keep-alive': 'x',
      te: 'trailers',
      trailer: 'x',
      expect: '100-continue',
      'proxy-authorization': 'x',
      upgrade: 'h2c',
      'transfer-encoding': 'chunked',
    })
    for (const name of [
      'x-hop',
      'keep-alive',
      'te',
      'trailer',
      'expect',
      'proxy-authorization',
      'upgrade',
      'transfer-encoding',
    ])
      expect(finished).not.toHaveProperty(name)
  })

  test('scrubs an upgrade like any other request, and leaves its connection to the proxy (T102)', () => {
    const handshake = {
      connection: 'Upgrade',
      upgrade: 'WebSocket',
      'sec-websocket-key': 'k',
      'x-forwarded-user': 'admin',
    }
    const finished = finish(handshake, null, planned(), 'upgrade')
    expect(finished['sec-websocket-key']).toBe('k')
    for (const name of ['connection', 'upgrade', 'x-forwarded-user']) expect(finished).not.toHaveProperty(name)
  })

  test('keeps our cookies back and passes the others on untouched and in order (T30)', () => {
    expect(finish({ cookie: 'a=1; __Host-sid=s; b=2;  c="x"; __Host-login=l' }).cookie).toBe('a=1; b=2;  c="x"')
    expect(finish({ cookie: '__Host-sid=s' })).not.toHaveProperty('cookie')
    expect(finish({ cookie: 'x=__Host-sid; __Host-sidx=1' }).cookie).toBe('x=__Host-sid; __Host-sidx=1')
  })

  test('passes credentials of the application on, but none that bind a connection (T119)', () => {
    expect(finish({ authorization: 'Basic abc' }).authorization).toBe('Basic abc')
    expect(finish({ authorization: 'NTLM abc' })).not.toHaveProperty('authorization')
    expect(finish({ authorization: 'negotiate abc' })).not.toHaveProperty('authorization')
  })

  test('works the identity out anew when the compiled tenant is another (T126)', () => {
    const who = session({ groups: [staff] })
    expect(finish({}, who)['x-forwarded-roles']).toBe('user')
    const changed = planned({ roles: [{ name: 'boss', groups: [staff], appRoles: [] }] })
    expect(finish({}, who, changed)['x-forwarded-roles']).toBe('boss')
  })
})
