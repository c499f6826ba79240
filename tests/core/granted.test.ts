import { describe, expect, test } from 'vitest'
import { standingOf } from '../../src/core/answer/granted.ts'
import { resolveRoles } from '../../src/core/identity/roles.ts'
import { admins, facts, gateway, route, session, tenant, toUpstream, upstream } from './build.ts'

const host = 'payroll.example'
const asked = facts({ host, target: '/x' })
const person = session()
const before = tenant()
const { to } = before.routes[0] as { to: ReturnType<typeof toUpstream> }
const granted = {
  facts: asked,
  way: { tenant: before, to, target: '/x' },
  person: { session: person, roles: resolveRoles(before, person) },
  now: 1_000_001,
}
/** The same tenant with something else, that leads where it led before. */
const changed = (also: Parameters<typeof tenant>[0]) => tenant({ routes: [route('/', 'signed-in', { to })], ...also })
const telling = toUpstream({
  headers: { entries: [{ name: 'X-Roles', parts: [{ list: 'roles' }] }], encoding: 'utf8', accessToken: null },
})

describe('standingOf', () => {
  for (const [what, now, expected] of [
    ['stands where nothing has changed', [before], { is: 'same' }],
    ['stands where what has changed is nothing to the request', [changed({ photo: true })], { is: 'same' }],
    ['falls with the tenant', [], { is: 'refused', refused: { reason: 'tenant_unknown' } }],
    [
      'falls with the role',
      [changed({ roles: [], noRole: { act: 'refuse' }, routes: [route('/', ['admin'], { to })] })],
      { is: 'refused', refused: { reason: 'role_missing' } },
    ],
    [
      'falls with the route',
      [changed({ routes: [route('/other', 'signed-in', { to })] })],
      { is: 'refused', refused: { reason: 'route_unknown' } },
    ],
    [
      'falls with the provider',
      [changed({ providers: [{ ...before.providers[0], name: 'another' }] })],
      { is: 'refused', refused: { reason: 'login_required' } },
    ],
    [
      'falls where the host is another tenant’s by now',
      [changed({ name: 'another' })],
      { is: 'refused', refused: { reason: 'login_required' } },
    ],
    [
      'is another where it would lead elsewhere',
      [changed({ routes: [route('/', 'signed-in', { to: toUpstream({ upstream: { ...upstream } }) })] })],
      { is: 'other' },
    ],
    [
      'is another where the application would be told something else',
      [changed({ routes: [route('/', 'signed-in', { to: { ...telling, upstream } })] })],
      { is: 'other' },
    ],
  ] as const) {
    test(`standingOf ${what}`, () => {
      expect(standingOf(gateway(...now), granted, person)).toMatchObject(expected)
    })
  }

  test('standingOf looks at the session as it is now', () => {
    const closed = tenant({ routes: [route('/', ['admin'], { to })] })
    const admin = session({ groups: [admins] })
    const own = {
      ...granted,
      way: { ...granted.way, tenant: closed },
      person: { session: admin, roles: resolveRoles(closed, admin) },
    }
    expect(standingOf(gateway(closed), own, admin)).toMatchObject({ is: 'same' })
    expect(standingOf(gateway(closed), own, person)).toMatchObject({
      is: 'refused',
      refused: { reason: 'role_missing' },
    })
  })

  test('standingOf goes by the tenant in force from then on, so that no older one is held', () => {
    const next = changed({ photo: true })
    const standing = standingOf(gateway(next), granted, person)
    expect(standing.is === 'same' && standing.way.tenant).toBe(next)
  })
})
