import { describe, expect, test } from 'vitest'
import { readEntraClaims } from '../../src/core/identity/entra.ts'
import { nothingFound } from '../../src/core/identity/graph-questions.ts'
import { resolveRoles } from '../../src/core/identity/roles.ts'
import { admins, contoso, directoryId, objectId, role, route, session, staff, tenant, toUpstream } from './build.ts'

const when = { now: 1_000, found: nothingFound }
const claims = (also: object = {}) => ({
  ver: '2.0',
  tid: directoryId,
  oid: objectId,
  sub: 's',
  name: 'Ada',
  preferred_username: 'ada@contoso.example',
  ...also,
})
const read = (also: object = {}, at = tenant()) => readEntraClaims(at, contoso, claims(also), when)

describe('readEntraClaims', () => {
  test('keeps who it is, the groups that the configuration names, and the app roles', () => {
    const result = read({
      groups: [staff.toUpperCase(), '00000000-0000-4000-8000-000000000000', 7],
      roles: ['Payroll.Reader'],
    })
    expect(result).toMatchObject({
      facts: {
        tenant: 'payroll',
        provider: 'contoso',
        directoryId,
        objectId,
        groups: [staff],
        appRoles: ['Payroll.Reader'],
        startedAt: 1_000,
      },
      unnamedGroups: 1,
    })
  })

  test('takes absent groups and roles for none', () => {
    expect(read()).toMatchObject({ facts: { groups: [], appRoles: [] } })
  })

  for (const [name, also, refused] of [
    [
      'a token of another directory (T106)',
      { tid: '11111111-2222-4333-8444-555555555555' },
      'tid-of-another-directory',
    ],
    ['a token without a directory (T107)', { tid: undefined }, 'tid-missing'],
    ['a directory that is no GUID', { tid: 'common' }, 'tid-missing'],
    ['a token without an object id', { oid: undefined }, 'oid-missing'],
    ['a token of version 1', { ver: '1.0' }, 'ver'],
    [
      'groups that were left out (T109)',
      { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://trap.example/' } } },
      'groups-overage',
    ],
    ['groups that were left out of a front-channel token', { hasgroups: true }, 'groups-overage'],
    ['roles that were left out', { _claim_names: { roles: 'src1' } }, 'roles-overage'],
    ['claim sources in a shape that nobody knows', { _claim_names: 'x' }, 'roles-overage'],
  ] as const) {
    test(`refuses ${name}`, () => expect(read(also)).toMatchObject({ detail: refused }))
  }

  test('does not need groups where no role depends on them', () => {
    const at = tenant({ roles: [role('user', { appRoles: ['Payroll.Reader'] })] })
    expect(read({ hasgroups: true, roles: ['Payroll.Reader'] }, at)).toHaveProperty('facts')
  })

  test('takes what Graph found in the place of what was left out, and counts no groups that nobody listed', () => {
    const overage = { _claim_names: { groups: 'src1' }, groups: [admins], 'groups:src1': 'https://x' }
    const found = { memberships: new Set([staff]), properties: {} }
    const result = readEntraClaims(tenant(), contoso, claims(overage), { now: 1_000, found })
    expect(result).toMatchObject({ facts: { groups: [staff] }, unnamedGroups: null })
    expect(JSON.stringify(result)).not.toContain('src1')
  })

  test('takes for app roles the groups that are sent in their place, spelled as in the configuration', () => {
    const at = tenant({ roles: [role('user', { appRoles: [staff.toUpperCase(), admins] })] })
    const found = { memberships: new Set([staff]), properties: {} }
    const also = { now: 1_000, found }
    expect(readEntraClaims(at, contoso, claims({ _claim_names: { roles: 'src1' } }), also)).toMatchObject({
      facts: { appRoles: [staff.toUpperCase()] },
    })
    expect(readEntraClaims(at, contoso, claims({ roles: [admins] }), also)).toMatchObject({
      facts: { appRoles: [admins] },
    })
  })

  test('never takes a name for an id, nor an id for a name (T112)', () => {
    const at = tenant({ roles: [role('user', { groups: ['payroll-staff', staff] })] })
    const listed = claims({ groups: ['payroll-staff', staff, 'Payroll-Staff'] })
    expect(readEntraClaims(at, contoso, listed, when)).toMatchObject({ facts: { groups: [staff] }, unnamedGroups: 2 })
    const naming = { ...contoso, groupNames: 'emitted' } as const
    expect(readEntraClaims(at, naming, listed, when)).toMatchObject({
      facts: { groups: ['payroll-staff'] },
      unnamedGroups: 2,
    })
  })

  test('keeps the directory roles that the configuration names', () => {
    const at = tenant({ roles: [role('user', { directoryRoles: [staff] })] })
    expect(read({ wids: [admins, staff.toUpperCase(), 7] }, at)).toMatchObject({ facts: { directoryRoles: [staff] } })
    expect(read({}, at)).toMatchObject({ facts: { directoryRoles: [] } })
  })

  test('keeps the values of Graph that headers send, and says which it dropped', () => {
    const entries = ['department', 'city'].map((graph) => ({ name: `X-${graph}`, parts: [{ graph }] }))
    const at = tenant({
      routes: [
        route('/', 'signed-in', { to: toUpstream({ headers: { entries, encoding: 'utf8', accessToken: null } }) }),
      ],
    })
    const found = { memberships: null, properties: { department: 'Lohnbüro', city: 'a\nb', other: 'x' } }
    expect(readEntraClaims(at, contoso, claims(), { now: 1, found })).toMatchObject({
      facts: { graph: { department: 'Lohnbüro' } },
      dropped: ['graph.city'],
    })
  })

  test('refuses a personal account that no role names, and takes one that is named', () => {
    const personal = '9188040d-6c67-4c5b-b112-36a304b66dad'
    const open = { ...contoso, tenantId: 'common', allowedTenantIds: [directoryId, personal] }
    const at = tenant({ roles: [role('user', { people: [{ directoryId: personal, objectId }] })] })
    const from = (who: string) => readEntraClaims(at, open, claims({ tid: personal, oid: who }), when)
    expect(from(objectId)).toHaveProperty('facts')
    const person = { directoryId: personal, objectId: staff }
    expect(from(staff)).toEqual({ refused: 'identity_refused', detail: 'personal-account-not-named', person })
  })

  test('leaves out claims that could attack a header, grow a session, or serve the protocol alone (T28)', () => {
    const result = read({
      name: 'a\r\nX-User: admin',
      city: 'x'.repeat(2_000),
      nested: { a: 1 },
      nonce: 'n',
      aio: 'a',
      login_hint: 'h',
      dept: 'Förderung',
      big: Array(500).fill('x'.repeat(20)),
    })
    if (!('facts' in result)) throw new Error('refused')
    expect(Object.keys(result.facts.claims).sort()).toEqual(['dept', 'oid', 'preferred_username', 'sub', 'tid'])
    expect([...result.dropped].sort()).toEqual(['big', 'city', 'name', 'nested'])
  })

  test('never takes a claim name for a prototype', () => {
    const hostile = JSON.parse('{"__proto__": {"polluted": true}, "constructor": "x"}') as object
    const result = readEntraClaims(tenant(), contoso, Object.assign(Object.create(null), claims(), hostile), when)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect(result).toHaveProperty('facts')
  })
})

describe('resolveRoles', () => {
  test('gives roles in the order of the configuration, with what matched', () => {
    const found = resolveRoles(tenant(), session({ groups: [staff, admins], appRoles: ['Payroll.Admin'] }))
    expect(found.roles).toEqual(['admin', 'user'])
    expect(found.matched).toEqual([
      { role: 'admin', by: 'group', value: admins },
      { role: 'admin', by: 'app-role', value: 'Payroll.Admin' },
      { role: 'user', by: 'group', value: staff },
    ])
  })

  test('compares app roles letter by letter', () => {
    expect(resolveRoles(tenant(), session({ groups: [], appRoles: ['payroll.admin'] })).admitted).toBe(false)
  })

  test('remembers what it found for a session and a compiled tenant', () => {
    const [at, who] = [tenant(), session()]
    expect(resolveRoles(at, who)).toBe(resolveRoles(at, who))
    expect(resolveRoles(tenant(), who)).not.toBe(resolveRoles(at, who))
  })
})
