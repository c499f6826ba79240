import { describe, expect, test } from 'vitest'
import { ownProfileScope, scopesOf } from '../../src/core/identity/scopes.ts'
import { contoso, role, route, tenant, toUpstream } from './build.ts'

const usual = ['openid', 'profile', 'email', 'offline_access']
const withoutGroups = tenant({ roles: [role('user', { appRoles: ['x'] })] })
const entries = [{ name: 'X-Department', parts: [{ graph: 'department' }] }]
const sending = tenant({
  ...{
    roles: [],
    routes: [
      route('/', 'signed-in', { to: toUpstream({ headers: { entries, encoding: 'utf8', accessToken: null } }) }),
    ],
  },
})
const photographed = { ...withoutGroups, photo: true }
const american = { base: 'https://graph.microsoft.us/v1.0', scopePrefix: 'https://graph.microsoft.us/' }

describe('scopesOf', () => {
  for (const [what, at, changes, more] of [
    ['no groups', withoutGroups, {}, []],
    ['groups, which could be too many', tenant(), {}, ['User.Read']],
    ['values of Graph', sending, {}, ['User.Read']],
    ['photos', photographed, {}, ['User.Read']],
    ['photos, of personal accounts alone', photographed, { tenantId: 'consumers' }, []],
    ['groups of which nobody is asked', tenant(), { overage: 'refuse' }, []],
    ['groups in another cloud', tenant(), { graph: american }, ['https://graph.microsoft.us/User.Read']],
    ['further scopes', withoutGroups, { scopes: ['api://x/access'] }, ['api://x/access']],
    ['further scopes of Graph', tenant(), { scopes: ['Mail.Read'] }, ['Mail.Read', 'User.Read']],
    [
      'the permission written out',
      tenant(),
      { scopes: ['https://graph.microsoft.com/user.read'] },
      ['https://graph.microsoft.com/user.read'],
    ],
    ['a wider permission', tenant(), { scopes: ['User.Read.All'] }, ['User.Read.All']],
    [
      'all that was consented to',
      tenant(),
      { scopes: ['https://graph.microsoft.com/.default'] },
      ['https://graph.microsoft.com/.default'],
    ],
  ] as const) {
    test(`scopesOf asks for ${more.length === 0 ? 'nothing more' : more.join(' ')} with ${what}`, () => {
      expect(scopesOf(at, { ...contoso, ...changes })).toEqual([...usual, ...more])
    })
  }
})

describe('ownProfileScope', () => {
  for (const [scopes, graph, expected] of [
    [[], contoso.graph, 'User.Read'],
    [[], american, 'https://graph.microsoft.us/User.Read'],
    [['Mail.Read', 'User.Read.All'], contoso.graph, 'User.Read.All'],
    [['https://graph.microsoft.us/.default'], american, 'https://graph.microsoft.us/.default'],
    [['User.ReadBasic.All'], contoso.graph, 'User.Read'],
  ] as const) {
    test(`ownProfileScope is ${expected} with ${scopes.length === 0 ? 'nothing' : scopes.join(' ')} configured`, () => {
      expect(ownProfileScope({ ...contoso, scopes, graph })).toBe(expected)
    })
  }
})
