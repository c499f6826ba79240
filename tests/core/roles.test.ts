import { describe, expect, test } from 'vitest'
import type { RoleRule } from '../../src/core/gateway.ts'
import { isUnknownPersonalAccount } from '../../src/core/identity/people.ts'
import { resolveRoles } from '../../src/core/identity/roles.ts'
import type { SessionFacts } from '../../src/core/identity/session.ts'
import { directoryId, objectId, role, session, staff, tenant } from './build.ts'

const personal = '9188040d-6c67-4c5b-b112-36a304b66dad'
const globalAdmin = '62e90394-69f5-4237-9190-012177145e10'

const rolesOf = (rule: Partial<RoleRule>, facts: Partial<SessionFacts> = {}) =>
  resolveRoles(tenant({ roles: [role('it', rule)] }), session({ groups: [], appRoles: [], ...facts }))

describe('resolveRoles', () => {
  for (const [what, rule, facts, matched] of [
    [
      'a directory role',
      { directoryRoles: [globalAdmin] },
      { directoryRoles: [globalAdmin] },
      { by: 'directory-role', value: globalAdmin },
    ],
    ['another directory role', { directoryRoles: [globalAdmin] }, { directoryRoles: [staff] }, null],
    [
      'a directory role that is called like a group',
      { groups: [globalAdmin] },
      { directoryRoles: [globalAdmin] },
      null,
    ],
    ['a person', { people: [{ directoryId, objectId }] }, {}, { by: 'person', value: objectId }],
    [
      'a person of the only directory',
      { people: [{ directoryId: null, objectId }] },
      {},
      { by: 'person', value: objectId },
    ],
    ['the same id in another directory (T108)', { people: [{ directoryId: staff, objectId }] }, {}, null],
    ['another person', { people: [{ directoryId, objectId: staff }] }, {}, null],
    [
      'a claim',
      { claims: [{ claim: 'dept', anyOf: ['Payroll', 'HR'] }] },
      { claims: { dept: 'HR' } },
      { by: 'claim', value: 'dept' },
    ],
    [
      'a claim in another letter case',
      { claims: [{ claim: 'dept', anyOf: ['HR'] }] },
      { claims: { dept: 'hr' } },
      null,
    ],
    [
      'a claim that only contains it',
      { claims: [{ claim: 'dept', anyOf: ['HR'] }] },
      { claims: { dept: 'HR,Payroll' } },
      null,
    ],
    ['a claim that is not there', { claims: [{ claim: 'dept', anyOf: ['undefined', ''] }] }, { claims: {} }, null],
    [
      'a number',
      { claims: [{ claim: 'acct', anyOf: ['0'] }] },
      { claims: { acct: 0 } },
      { by: 'claim', value: 'acct' },
    ],
    [
      'a truth value',
      { claims: [{ claim: 'x', anyOf: ['true'] }] },
      { claims: { x: true } },
      { by: 'claim', value: 'x' },
    ],
    [
      'an element of a list',
      { claims: [{ claim: 'x', anyOf: ['b'] }] },
      { claims: { x: ['a', 'b'] } },
      { by: 'claim', value: 'x' },
    ],
    ['a list as one text', { claims: [{ claim: 'x', anyOf: ['a,b'] }] }, { claims: { x: ['a', 'b'] } }, null],
    ['the name of a prototype', { claims: [{ claim: 'constructor', anyOf: [String(Object)] }] }, { claims: {} }, null],
    [
      'all of several claims',
      {
        claims: [
          { claim: 'a', anyOf: ['1'] },
          { claim: 'b', anyOf: ['2'] },
        ],
      },
      { claims: { a: '1', b: '2' } },
      { by: 'claim', value: 'a,b' },
    ],
    [
      'some of several claims',
      {
        claims: [
          { claim: 'a', anyOf: ['1'] },
          { claim: 'b', anyOf: ['2'] },
        ],
      },
      { claims: { a: '1', b: '3' } },
      null,
    ],
    ['no rule at all', {}, { claims: { a: '1' } }, null],
  ] as const) {
    test(`resolveRoles ${matched === null ? 'gives no role for' : 'gives the role for'} ${what}`, () => {
      const found = rolesOf(rule, facts)
      expect(found.matched).toEqual(matched === null ? [] : [{ role: 'it', ...matched }])
      expect(found.admitted).toBe(matched !== null)
    })
  }

  for (const noRole of [{ act: 'allow' }, { act: 'role', role: 'it' }, { act: 'refuse' }] as const) {
    test(`resolveRoles never admits a personal account that nobody named, where noRole is ${noRole.act}`, () => {
      const rules = [role('it', { groups: [staff], claims: [{ claim: 'dept', anyOf: ['HR'] }] })]
      const stranger = session({ directoryId: personal, groups: [staff], claims: { dept: 'HR' } })
      expect(resolveRoles(tenant({ roles: rules, noRole }), stranger)).toEqual({
        roles: [],
        matched: [],
        admitted: false,
      })
    })
  }

  test('resolveRoles never admits one where the tenant has no roles at all', () => {
    expect(resolveRoles(tenant({ roles: [] }), session({ directoryId: personal })).admitted).toBe(false)
    expect(resolveRoles(tenant({ roles: [] }), session()).admitted).toBe(true)
  })

  test('resolveRoles gives a personal account that is named what it matches', () => {
    const people = [{ directoryId: personal, objectId }]
    const at = tenant({ roles: [role('admin', { appRoles: ['x'] }), role('it', { people })] })
    expect(resolveRoles(at, session({ directoryId: personal, appRoles: ['x'], groups: [] })).roles).toEqual([
      'admin',
      'it',
    ])
  })
})

describe('isUnknownPersonalAccount', () => {
  test('isUnknownPersonalAccount is true only of personal accounts, and of those that no role names', () => {
    const people = [{ directoryId: personal, objectId }]
    const at = tenant({ roles: [role('it', { people })] })
    expect(isUnknownPersonalAccount(at, { directoryId: personal, objectId })).toBe(false)
    expect(isUnknownPersonalAccount(at, { directoryId: personal, objectId: staff })).toBe(true)
    expect(isUnknownPersonalAccount(at, { directoryId, objectId: staff })).toBe(false)
  })
})
