// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import { describe, expect, test } from 'vitest'
import { warningsOf } from '../../src/config/warnings.ts'
import { load, minimal, withTenant } from './written.ts'

const [one, two] = ['11111111-2222-3333-4444-555555555555', '22222222-2222-3333-4444-555555555555']
const several = { ...minimal().providers[0], tenantId: 'organizations', allowedTenantIds: [one, two] }
const plain = {
  ...{ kind: 'oidc', name: 'partners', issuer: 'https://login.partners.example', clientId: 'sallyport' },
  credential: { secret: '${env:CLIENT}' },
}
const role = (more: object) => ({ roles: [{ name: 'admin', ...more }] })

function said(tenant: Readonly<Record<string, unknown>>, providers: readonly object[]): readonly string[] {
  const gateway = load({ ...withTenant(tenant), providers })
  return warningsOf(gateway).map(({ setting, message }) => `${setting}: ${/(?<= by )[\w, ]+$/.exec(message)?.[0]}`)
}

describe('warningsOf', () => {
  for (const [what, tenant, providers, expected] of [
    ['app roles', role({ appRoles: ['Payroll.Admin'] }), [several], 'appRoles'],
    ['directory roles', role({ directoryRoles: [one] }), [several], 'directoryRoles'],
    ['names of groups', role({ groups: ['Admins'] }), [{ ...several, groupNames: 'emitted' }], 'groups'],
    ['claims', role({ claims: { department: ['Payroll'] } }), [several], 'claims'],
    [
      'groups of another provider',
      { ...role({ groups: ['admins'], appRoles: ['a'] }), providers: ['contoso', 'partners'] },
      [minimal().providers[0], plain],
      'groups, appRoles',
    ],
  ] as const) {
    test(`warningsOf says that several directories decide by ${what} (T112)`, () => {
      expect(said(tenant, providers as readonly object[])).toEqual([`roles: ${expected}`])
    })
  }

  for (const [what, tenant, providers] of [
    ['ids of groups, which nobody chooses', role({ groups: [one] }), [several]],
    [
      'ids of groups, which only Entra can state',
      { ...role({ groups: [one] }), providers: ['contoso', 'partners'] },
      [minimal().providers[0], plain],
    ],
    ['people', role({ people: [`${one}/${two}`] }), [several]],
    ['claims together with the directory', role({ claims: { tid: [one], department: ['Payroll'] } }), [several]],
    ['anything of one directory', role({ appRoles: ['a'], directoryRoles: [one] }), [minimal().providers[0]]],
    ['nothing', {}, [several]],
  ] as const) {
    test(`warningsOf is silent about ${what}`, () => {
      expect(said(tenant, providers as readonly object[])).toEqual([])
    })
  }

  const both = { providers: ['contoso', 'partners'] }
  const couple = [minimal().providers[0], plain]
  for (const [what, tenant, providers, expected] of [
    [
      'a user name',
      { headers: { presets: ['x-forwarded'], user: 'preferred_username' } },
      [several],
      'X-Forwarded-User',
    ],
    ['a header of one\u2019s own', { headers: { set: { 'X-A': 'u:{claim.upn}' } } }, [several], 'X-A'],
    ['an account name of Graph', { headers: { set: { 'X-A': '{graph.onPremisesSamAccountName}' } } }, [several], 'X-A'],
    ['an employee number', { headers: { set: { 'X-A': '{claim.employeeid}' } } }, [several], 'X-A'],
    ['what Graph says of a department', { headers: { set: { 'X-A': '{graph.department}' } } }, [several], null],
    ['the subject of a plain provider', { headers: { presets: ['x-forwarded'] }, ...both }, couple, 'X-Forwarded-User'],
    ['the object ID at Entra', { headers: { presets: ['x-forwarded'] } }, [several], null],
    ['the directory beside it', { headers: { set: { 'X-A': '{claim.tid}/{claim.oid}' } }, ...both }, couple, null],
    ['one directory', { headers: { presets: ['x-forwarded'], user: 'upn' } }, [minimal().providers[0]], null],
  ] as const) {
    test(`warningsOf ${expected === null ? 'is silent about' : 'says that nobody can be told apart by'} ${what} (T108)`, () => {
      const found = warningsOf(load({ ...withTenant(tenant), providers: providers as readonly object[] }))
      expect(found.map(({ setting, message }) => [setting, /in ([\w, -]+): put/.exec(message)?.[1]])).toEqual(
        expected === null ? [] : [['headers', expected]],
      )
    })
  }
})
