import { describe, expect, test } from 'vitest'
import { createDirectory, payrollStaff } from '../../src/emulator/directory.ts'
import { groupClaims } from '../../src/emulator/group-claims.ts'
import { allEmployees, nightShift, payrollAdministrators } from '../../src/emulator/groups.ts'
import { personas } from '../../src/emulator/people.ts'
import type { Application } from '../../src/emulator/registration.ts'

function claimsOf(username: string, change: Partial<Application> = {}): Record<string, unknown> {
  const directory = createDirectory(personas, change, [
    { id: '11111111-2222-4333-8444-555555555555', kind: 'distribution', memberOf: [nightShift] },
    { id: nightShift, name: 'Night shift', memberOf: [payrollStaff] },
  ])
  const person = directory.byName(username) ?? expect.fail(`nobody called ${username}`)
  return groupClaims(person, directory.application, directory.groups)
}

const count = (claims: Record<string, unknown>) => (Array.isArray(claims.groups) ? claims.groups.length : null)

describe('groupClaims', () => {
  for (const [username, expected] of [
    ['nora@contoso.example', null],
    ['groups1@contoso.example', 1],
    ['groups150@contoso.example', 150],
    ['groups200@contoso.example', 200],
    ['groups201@contoso.example', null],
    ['groups500@contoso.example', null],
  ] as const) {
    test(`lists ${expected ?? 'no'} groups of ${username}`, () => expect(count(claimsOf(username))).toBe(expected))
  }

  test('lists membership that is inherited, except that of assigned groups', () => {
    expect(claimsOf('nick@contoso.example').groups).toEqual([nightShift, payrollStaff])
    const assigned = { groupClaims: 'ApplicationGroup', assignedGroups: [payrollStaff, allEmployees] } as const
    expect(claimsOf('nick@contoso.example', assigned)).toEqual({})
    expect(claimsOf('uwe@contoso.example', assigned).groups).toEqual([payrollStaff, allEmployees])
  })

  test('lists nothing for a registration that asks for none, and directory roles where it asks for those', () => {
    expect(claimsOf('ada@contoso.example', { groupClaims: null })).toEqual({})
    expect(claimsOf('olga@contoso.example', { groupClaims: 'DirectoryRole' })).toEqual({
      wids: ['62e90394-69f5-4237-9190-012177145e10', 'b79fbf4d-3ef9-4689-8143-76b194e85509'],
    })
    expect(Object.keys(claimsOf('olga@contoso.example'))).toEqual([])
  })

  for (const [format, names] of [
    ['sam_account_name', ['payroll-admins', 'payroll-staff']],
    ['dns_domain_and_sam_account_name', ['contoso.example\\payroll-admins', 'contoso.example\\payroll-staff']],
    ['netbios_domain_and_sam_account_name', ['CONTOSO\\payroll-admins', 'CONTOSO\\payroll-staff']],
    ['cloud_displayname', ['Payroll administrators', 'Payroll staff', 'All employees']],
  ] as const) {
    test(`writes names as ${format}, and leaves out what has none`, () =>
      expect(claimsOf('ada@contoso.example', { groupFormat: format })).toEqual({ groups: names }))
  }

  test('puts groups in the place of the app roles', () => {
    const claims = claimsOf('ada@contoso.example', { groupsAsRoles: true })
    expect(claims).toEqual({ roles: [payrollAdministrators, payrollStaff, allEmployees] })
  })

  const person = createDirectory(personas).byName('groups500@contoso.example')
  const retired = `https://graph.windows.net/${person?.directory}/users/${person?.id}/getMemberObjects`
  for (const [overage, expected] of [
    ['azure-ad-graph', { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: retired } } }],
    [
      'microsoft-graph',
      {
        _claim_names: { groups: 'src1' },
        _claim_sources: {
          src1: { endpoint: `https://graph.microsoft.com/v1.0/users/${person?.id}/getMemberObjects` },
        },
      },
    ],
    ['hasgroups', { hasgroups: true }],
    ['flattened', { 'groups:src1': retired }],
  ] as const) {
    test(`says that there are too many in the shape ${overage}`, () =>
      expect(claimsOf('groups500@contoso.example', { overage })).toEqual(expected))
  }

  test('says hasgroups for six, and lists five', () => {
    const five = createDirectory([{ username: 'x', name: 'X', groups: ['1', '2', '3', '4', '5'] }], {
      overage: 'hasgroups',
    })
    const x = five.byName('x') ?? expect.fail('nobody')
    expect(count(groupClaims(x, five.application, five.groups))).toBe(5)
    const six = groupClaims({ ...x, groups: [...x.groups, '6'] }, five.application, five.groups)
    expect(six).toEqual({ hasgroups: true })
  })
})

test('inherited walks circles once', () => {
  const { groups } = createDirectory([], {}, [
    { id: 'a', memberOf: ['b'] },
    { id: 'b', memberOf: ['a', 'c'] },
  ])
  expect(groups.inherited(['a'])).toEqual(['a', 'b', 'c'])
})
