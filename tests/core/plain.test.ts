import { describe, expect, test } from 'vitest'
import type { PlainProvider, Tenant } from '../../src/core/gateway.ts'
import { nothingFound } from '../../src/core/identity/graph-questions.ts'
import { readIdToken } from '../../src/core/identity/id-token.ts'
import { isVouchedFor } from '../../src/core/identity/session.ts'
import { secretCredential } from '../credentials.ts'
import { admins, contoso, directoryId, objectId, role, tenant } from './build.ts'

const when = { now: 1_000, found: nothingFound }
const issuer = 'https://login.example/realms/staff'
const provider: PlainProvider = {
  ...{
    kind: 'oidc',
    name: 'house',
    label: 'house',
    emailDomains: [],
    authContexts: {},
    issuer,
    clientId: 'sallyport',
    credential: secretCredential('x'),
  },
  ...{ scopes: ['profile'], groupsClaim: 'teams', appRolesClaim: 'https://example.org/roles' },
}
const roles = [
  role('admin', { groups: ['Payroll Admins'], appRoles: ['Approver'] }),
  role('user', { groups: ['staff'] }),
]
const at = (also: Parameters<typeof tenant>[0] = {}) => tenant({ providers: [provider], roles, ...also })
const read = (also: object = {}, where = at()) =>
  readIdToken(where, where.providers[0], { iss: issuer, sub: 'anna', ...also }, when)

describe('readIdToken of a plain provider', () => {
  test('keeps issuer and subject as the key of the person, and what the configuration names, letter by letter', () => {
    const result = read({
      teams: ['staff', 'Payroll Admins', 'STAFF', 'staff', 'choir'],
      'https://example.org/roles': ['Approver', 'approver'],
      groups: ['staff'],
    })
    expect(result).toMatchObject({
      facts: {
        ...{ tenant: 'payroll', provider: 'house', directoryId: issuer, objectId: 'anna', startedAt: 1_000 },
        ...{ groups: ['staff', 'Payroll Admins'], appRoles: ['Approver'] },
      },
      unnamedGroups: 2,
    })
  })

  test('believes no id of a group that only Entra can mean, and every group where there is no Entra (T112)', () => {
    const withIds = [role('admin', { groups: [admins, 'Payroll Admins'] })]
    const groupsAt = (providers: Tenant['providers']) => {
      const where = at({ roles: withIds, providers })
      const result = readIdToken(where, provider, { iss: issuer, sub: 'anna', teams: [admins, 'Payroll Admins'] }, when)
      return 'facts' in result ? result.facts.groups : result.refused
    }
    expect(groupsAt([contoso, provider])).toEqual(['Payroll Admins'])
    expect(groupsAt([{ ...contoso, groupNames: 'emitted' }, provider])).toEqual([admins, 'Payroll Admins'])
    expect(groupsAt([provider])).toEqual([admins, 'Payroll Admins'])
  })

  test('keeps claims that a header could carry, without those that only serve the protocol or would mislead', () => {
    const result = read({
      ...{ aud: 'x', exp: 1, iat: 1, nonce: 'n', at_hash: 'h', sid: 's', jti: 'j', teams: ['staff'] },
      ...{
        oid: 'somebody-else',
        tid: 'elsewhere',
        name: 'Anna Ångström',
        email: 'anna@example.org',
        email_verified: true,
      },
      ...{ address: { street: 'x' }, nickname: 'a\r\nX-User: admin' },
    })
    if (!('facts' in result)) throw new Error('refused')
    expect(Object.keys(result.facts.claims).sort()).toEqual(['email', 'email_verified', 'name', 'sub'])
    expect([...result.dropped].sort()).toEqual(['address', 'nickname'])
  })

  test('keeps a bounded part of what an endless token says, and names few of the rest', () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`claim-${index}`, true]))
    const result = read({ ...many, ...Object.fromEntries(Object.keys(many).map((name) => [`x:${name}`, {}])) })
    if (!('facts' in result)) throw new Error('refused')
    expect(JSON.stringify(result.facts.claims).length).toBeLessThan(6_000)
    expect(result.dropped).toHaveLength(20)
  })

  test('takes absent groups and app roles for none, also where they are sent as null', () => {
    for (const also of [{}, { teams: null }]) expect(read(also)).toMatchObject({ facts: { groups: [], appRoles: [] } })
  })

  for (const [name, also, detail] of [
    ['another issuer (T107)', { iss: 'https://evil.example' }, 'iss-of-another-issuer'],
    ['the issuer with a slash more', { iss: `${issuer}/` }, 'iss-of-another-issuer'],
    ['no issuer', { iss: undefined }, 'iss-of-another-issuer'],
    ['no subject', { sub: undefined }, 'sub-missing'],
    ['an empty subject', { sub: '' }, 'sub-missing'],
    ['a subject that is a number', { sub: 7 }, 'sub-missing'],
    ['a subject without end', { sub: 'x'.repeat(256) }, 'sub-unfit'],
    ['a subject with a line break', { sub: 'anna\nadmin' }, 'sub-unfit'],
    ['a subject that a header would make another of', { sub: 'anna ' }, 'sub-unfit'],
    ['a subject that begins with a blank', { sub: ' anna' }, 'sub-unfit'],
    ['a subject in letters that look alike', { sub: 'аnna' }, 'sub-unfit'],
    ['groups in one text', { teams: 'staff' }, 'groups-unreadable'],
    ['groups as an object', { teams: { staff: true } }, 'groups-unreadable'],
    ['groups among other things', { teams: ['staff', 7] }, 'groups-unreadable'],
    ['groups that are kept elsewhere (T109)', { _claim_names: { teams: 'a' } }, 'groups-unreadable'],
    ['claims that are kept in a way that nobody knows', { _claim_names: ['teams'] }, 'groups-unreadable'],
    ['app roles in one text', { 'https://example.org/roles': 'Approver' }, 'roles-unreadable'],
  ] as const) {
    test(`refuses ${name}`, () => expect(read(also)).toMatchObject({ detail }))
  }

  test('takes a subject of 255 characters with blanks inside', () => {
    const sub = `CN=${'x y '.repeat(62)}z`.padEnd(255, 'z')
    expect(sub).toHaveLength(255)
    expect(read({ sub })).toMatchObject({ facts: { objectId: sub } })
  })

  test('does not need groups where no role depends on them', () => {
    const where = at({ roles: [role('user', { appRoles: ['Approver'] })] })
    expect(read({ teams: 'staff', 'https://example.org/roles': ['Approver'] }, where)).toHaveProperty('facts')
    expect(read({ teams: 'staff', 'https://example.org/roles': 'x' }, at({ roles: [] }))).toHaveProperty('facts')
  })

  test('never takes a claim name for a prototype', () => {
    const where = at({
      providers: [{ ...provider, groupsClaim: 'constructor', appRolesClaim: '__proto__' }],
    })
    expect(read({}, where)).toMatchObject({ facts: { groups: [], appRoles: [] } })
    const hostile = JSON.parse('{"__proto__": ["Approver"]}') as object
    const result = readIdToken(
      where,
      where.providers[0],
      Object.assign(Object.create(null), { iss: issuer, sub: 'a' }, hostile),
      when,
    )
    expect(result).toHaveProperty('facts')
    expect(({} as Record<string, unknown>)[0]).toBeUndefined()
  })

  test('goes by the kind of the provider: what Entra says is worth nothing here, and the other way round', () => {
    const ofEntra = { iss: 'https://login.example/v2.0', tid: directoryId, oid: objectId, sub: 's', ver: '2.0' }
    expect(readIdToken(tenant(), contoso, ofEntra, when)).toMatchObject({ facts: { directoryId, objectId } })
    expect(readIdToken(at(), provider, ofEntra, when)).toMatchObject({ refused: 'identity_refused' })
    expect(readIdToken(tenant(), contoso, { iss: issuer, sub: 'anna' }, when)).toMatchObject({
      refused: 'identity_refused',
    })
  })
})

describe('isVouchedFor', () => {
  test('is over with another issuer under the same name (T126)', () => {
    const result = read()
    if (!('facts' in result)) throw new Error('refused')
    const session = { facts: result.facts, version: 1 }
    expect(isVouchedFor(session, at())).toBe(true)
    expect(isVouchedFor(session, at({ providers: [{ ...provider, issuer: `${issuer}/` }] }))).toBe(false)
    expect(isVouchedFor(session, at({ providers: [{ ...provider, name: 'other' }] }))).toBe(false)
  })
})

describe('readIdToken', () => {
  test('refuses a person who is too much for a session, of either kind of provider (T88)', () => {
    const teams = Array.from({ length: 500 }, (_, at) => `team ${at} ${'x'.repeat(100)}`)
    const where = at({ roles: [role('user', { groups: teams })] })
    expect(read({ teams: teams.slice(0, 200) }, where)).toHaveProperty('facts')
    expect(read({ teams }, where)).toEqual({ refused: 'identity_refused', detail: 'too-much-for-a-session' })
    const entra = (appRoles: readonly string[]) =>
      readIdToken(tenant(), contoso, { tid: directoryId, oid: objectId, ver: '2.0', roles: appRoles }, when)
    expect(entra(teams.slice(0, 200))).toHaveProperty('facts')
    expect(entra(['x'.repeat(40_000)])).toEqual({ refused: 'identity_refused', detail: 'too-much-for-a-session' })
  })
})
