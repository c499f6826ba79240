import { describe, expect, test } from 'vitest'
import type { EntraProvider } from '../../src/core/gateway.ts'
import { mayAskMemberships, readOverage } from '../../src/core/identity/overage.ts'
import { admins, contoso, role, staff, tenant } from './build.ts'

const guest = '62e90394-69f5-4237-9190-012177145e10'
const source = { src1: { endpoint: 'https://graph.windows.net/x/users/y/getMemberObjects' } }
const pointer = (claim: string) => ({ _claim_names: { [claim]: 'src1' }, _claim_sources: source })

const byGroup = tenant({ roles: [role('user', { groups: [staff, admins] })] })
const byAppRole = tenant({ roles: [role('user', { appRoles: ['Payroll.Reader'] })] })
const bySentRole = tenant({ roles: [role('user', { appRoles: [staff.toUpperCase()] })] })
const byMixedRole = tenant({ roles: [role('user', { appRoles: [staff, 'Payroll.Reader'] })] })
const byDirectoryRole = tenant({ roles: [role('user', { directoryRoles: [guest] })] })
const byPerson = tenant({ roles: [role('user', { people: [{ directoryId: null, objectId: staff }] })] })
const refusing: EntraProvider = { ...contoso, overage: 'refuse' }
const naming: EntraProvider = { ...contoso, groupNames: 'emitted' }
const byName = tenant({ roles: [role('user', { groups: ['payroll-staff', staff] })] })

const nothing = { groups: null, appRoles: null }
const groups = { groups: [staff, admins], appRoles: null }

describe('readOverage', () => {
  for (const [what, claims] of [
    ['a pointer to the retired API', pointer('groups')],
    [
      'a pointer to Microsoft Graph',
      {
        ...pointer('groups'),
        _claim_sources: { src1: { endpoint: 'https://graph.microsoft.com/v1.0/users/x/getMemberObjects' } },
      },
    ],
    ['a pointer without a source', { _claim_names: { groups: 'src1' } }],
    ['a pointer beside a list, which is then no whole one', { ...pointer('groups'), groups: [staff] }],
    ['the mark of the front channel', { hasgroups: true }],
    ['that mark as a text', { hasgroups: 'true' }],
    ['a flattened pointer', { 'groups:src1': 'https://graph.windows.net/x' }],
    ['pointers in a shape that nobody knows', { _claim_names: 'x' }],
    ['pointers that are a list', { _claim_names: ['groups'] }],
    ['pointers that are null', { _claim_names: null }],
  ] as const) {
    test(`readOverage has Graph asked for the groups of the configuration after ${what} (T109)`, () => {
      expect(readOverage(byGroup, contoso, claims)).toEqual(groups)
    })

    test(`readOverage refuses ${what} where nobody may be asked (T109)`, () => {
      expect(readOverage(byGroup, refusing, claims)).toEqual({ refused: 'groups-overage' })
      expect(readOverage(byName, naming, claims)).toEqual({ refused: 'groups-overage' })
    })

    test(`readOverage does not mind ${what} where no role depends on groups`, () => {
      for (const at of [byPerson, tenant({ roles: [] })]) expect(readOverage(at, contoso, claims)).toEqual(nothing)
    })
  }

  for (const [what, claims] of [
    ['nothing', {}],
    ['a list', { groups: [staff] }],
    ['a mark that says no', { hasgroups: false }],
    ['pointers to something else', pointer('shoes')],
    ['pointers to nothing', { _claim_names: {} }],
    ['a claim that only begins alike', { groupsize: 7, 'group:x': 1 }],
  ] as const) {
    test(`readOverage takes ${what} for all that there is`, () => {
      for (const at of [byGroup, byAppRole, bySentRole]) expect(readOverage(at, contoso, claims)).toEqual(nothing)
    })
  }

  for (const [what, claims, at, expected] of [
    ['app roles', pointer('roles'), byAppRole, { refused: 'roles-overage' }],
    ['roles of which some are app roles', pointer('roles'), byMixedRole, { refused: 'roles-overage' }],
    ['flattened app roles', { 'roles:src1': 'x' }, byAppRole, { refused: 'roles-overage' }],
    ['directory roles', pointer('wids'), byDirectoryRole, { refused: 'directory-roles-overage' }],
  ] as const) {
    test(`readOverage refuses ${what} that were left out: Graph could not tell them (T109)`, () => {
      expect(readOverage(at, contoso, claims)).toEqual(expected)
    })
  }

  for (const [what, claims] of [
    ['a pointer', pointer('roles')],
    ['a flattened pointer', { 'roles:src1': 'x' }],
    ['the mark of the front channel', { hasgroups: true }],
  ] as const) {
    test(`readOverage has Graph asked for groups that are sent as roles, after ${what}`, () => {
      expect(readOverage(bySentRole, contoso, claims)).toEqual({ groups: null, appRoles: [staff.toUpperCase()] })
      expect(readOverage(bySentRole, refusing, claims)).toEqual({ refused: 'roles-overage' })
    })
  }

  test('readOverage does not need roles that are listed, nor app roles where only groups were left out', () => {
    expect(readOverage(bySentRole, contoso, { hasgroups: true, roles: ['x'] })).toEqual(nothing)
    expect(readOverage(byAppRole, contoso, { hasgroups: true })).toEqual(nothing)
    expect(readOverage(byAppRole, contoso, pointer('groups'))).toEqual(nothing)
    expect(readOverage(byDirectoryRole, contoso, pointer('groups'))).toEqual(nothing)
  })
})

describe('mayAskMemberships', () => {
  for (const [what, at, provider, expected] of [
    ['groups by their ids', byGroup, contoso, true],
    ['groups that are sent as roles', bySentRole, contoso, true],
    ['app roles alone', byAppRole, contoso, false],
    ['people alone', byPerson, contoso, false],
    ['no roles at all', tenant({ roles: [] }), contoso, false],
    ['groups that are refused when there are too many', byGroup, refusing, false],
    ['groups by their names', byName, naming, false],
  ] as const) {
    test(`mayAskMemberships says ${expected ? 'yes' : 'no'} for ${what}`, () => {
      expect(mayAskMemberships(at, provider)).toBe(expected)
    })
  }
})
