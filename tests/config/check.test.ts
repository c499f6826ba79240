import assert from 'node:assert/strict'
import { test } from 'vitest'
import { issuesOf, linesOf, minimal, tenant, withTenant } from './written.ts'

const roles = [
  { name: 'admin', groups: ['aaaaaaaa-1111-2222-3333-444444444444'] },
  { name: 'user', appRoles: ['User'] },
]
const [contoso] = minimal().providers
const routes = (...list: readonly object[]) => withTenant({ roles, routes: list })

for (const [name, file, expected] of [
  [
    'two tenants of one name',
    { ...minimal(), tenants: [tenant('a'), tenant('a', { publicUrl: 'https://b.com' })] },
    ['tenants[1].name: another tenant has this name'],
  ],
  [
    'T15 two tenants of one host, however it is written',
    {
      ...minimal(),
      tenants: [tenant('a', { publicUrl: 'https://A.com' }), tenant('b', { publicUrl: 'https://a.com:443/' })],
    },
    ['tenants[1].publicUrl: another tenant has this host (a): the host alone decides which tenant a request is for'],
  ],
  [
    'two tenants apart by scheme only',
    {
      ...minimal(),
      tenants: [tenant('a', { publicUrl: 'http://localhost' }), tenant('b', { publicUrl: 'https://localhost' })],
    },
    ['tenants[1].publicUrl: another tenant has this host (a): the host alone decides which tenant a request is for'],
  ],
  [
    'two providers of one name',
    { ...minimal(), providers: [minimal().providers[0], minimal().providers[0]] },
    ['providers[1].name: another provider has this name'],
  ],
  [
    'a provider that is not there',
    withTenant({ providers: ['contosso'] }),
    ['tenants[0].providers[0]: there is no provider of this name'],
  ],
  ['no provider', withTenant({ providers: [] }), ['tenants[0].providers: this list needs at least 1']],
  [
    'a provider that is named twice',
    { ...withTenant({ providers: ['off', 'off'] }), providers: [{ ...contoso, name: 'off', enabled: false }] },
    ['tenants[0].providers[1]: this provider is named twice'],
  ],
  [
    'two roles of one name',
    withTenant({ roles: [...roles, { name: 'user', appRoles: ['x'] }] }),
    ['tenants[0].roles[2].name: another role of this tenant has this name'],
  ],
  [
    'a role that nobody can have',
    withTenant({ roles: [...roles, { name: 'x' }] }),
    ['tenants[0].roles[2]: nobody can have this role: it names neither groups nor appRoles'],
  ],
  [
    'an unknown role in noRole',
    withTenant({ roles, noRole: 'usr' }),
    ['tenants[0].noRole: this tenant has no role of this name'],
  ],
  [
    'noRole and sendRoles without roles',
    withTenant({ noRole: 'refuse', sendRoles: 'all' }),
    [
      'tenants[0].noRole: without `roles` this has no effect',
      'tenants[0].sendRoles: without `roles` this has no effect',
    ],
  ],
  [
    'an unknown role in access',
    routes({ path: '/', access: ['admin', 'usr'] }),
    ['tenants[0].routes[0].access[1]: this tenant has no role of this name'],
  ],
  [
    'a role in access where there are none',
    withTenant({ routes: [{ path: '/', access: ['admin'] }] }),
    ['tenants[0].routes[0].access[0]: this tenant has no role of this name'],
  ],
  [
    'a role where a word belongs',
    routes({ path: '/', access: 'admin' }),
    ['tenants[0].routes[0].access: this is none of the values that are allowed'],
  ],
  [
    'a word in the list of roles',
    routes({ path: '/', access: ['public'] }),
    ['tenants[0].routes[0].access[0]: this tenant has no role of this name'],
  ],
  [
    'no role in the list',
    routes({ path: '/', access: [] }),
    ['tenants[0].routes[0].access: this list needs at least 1'],
  ],
  ['a route without access', routes({ path: '/' }), ['tenants[0].routes[0].access: this is required']],
  ['no routes in the list', routes(), ['tenants[0].routes: this list needs at least 1']],
  [
    'a route twice',
    routes({ path: '/a', access: 'public' }, { path: '/a/', access: ['admin'] }),
    ['tenants[0].routes[1]: routes[0] has this path already, for some of the same methods'],
  ],
  [
    'a route for one method and again for all',
    routes({ path: '/a', access: 'public', methods: ['GET'] }, { path: '/a', access: ['admin'] }),
    ['tenants[0].routes[1]: routes[0] has this path already, for some of the same methods'],
  ],
  [
    'GET here and HEAD there',
    routes({ path: '/a', access: 'public', methods: ['HEAD'] }, { path: '/a', access: ['admin'], methods: ['GET'] }),
    ['tenants[0].routes[1]: routes[0] has this path already, for some of the same methods'],
  ],
  [
    'an exact route twice',
    routes({ path: '/a', exact: true, access: 'public' }, { path: '/a', exact: true, access: ['admin'] }),
    ['tenants[0].routes[1]: routes[0] has this path already, for some of the same methods'],
  ],
  [
    'a group that is no GUID',
    withTenant({ roles: [{ name: 'a', groups: ['Domain Admins'] }] }),
    ['tenants[0].roles[0].groups[0]: this is not a GUID'],
  ],
  [
    'idle longer than lifetime',
    { ...minimal(), session: { ...minimal().session, lifetime: '30m' } },
    ['session.idle: idle (1h) is longer than lifetime (30m), and so would have no effect'],
  ],
  [
    'one address for both listeners',
    { ...minimal(), server: { management: '0.0.0.0:8080' } },
    ['server.management: this is the address of `listen`: the management listener needs its own'],
  ],
  [
    'headers that the gateway makes',
    withTenant({ headers: { set: { X_Forwarded_For: 'x' } } }),
    ['tenants[0].headers.set.X_Forwarded_For: the gateway makes this header itself'],
  ],
  [
    'names that are no headers',
    withTenant({ headers: { set: { 'a b': 'x' } } }),
    ['tenants[0].headers.set["a b"]: this is not the name of a header'],
  ],
  [
    'T25 headers that fold to the same name',
    withTenant({ headers: { set: { 'X-A': 'x', x_a: 'y' } } }),
    ['tenants[0].headers.set.x_a: to many applications this is the same header as X-A'],
  ],
  [
    'T25 an access token in a header that says something else',
    withTenant({ headers: { set: { 'X-A': 'x' }, accessToken: { scope: 'api://a/.default', header: 'x_a' } } }),
    ['tenants[0].headers.accessToken.header: to many applications this is the same header as X-A'],
  ],
  [
    'an access token in a header that the gateway makes',
    withTenant({ headers: { accessToken: { scope: 'api://a/.default', header: 'Cookie' } } }),
    ['tenants[0].headers.accessToken.header: the gateway makes this header itself'],
  ],
  [
    'a header that a preset sends',
    withTenant({ headers: { presets: ['x-forwarded'], set: { X_FORWARDED_USER: 'x' } } }),
    ['tenants[0].headers.set.X_FORWARDED_USER: to many applications this is the same header as X-Forwarded-User'],
  ],
  [
    'a preset twice',
    withTenant({ headers: { presets: ['x-forwarded', 'x-forwarded'] } }),
    ['tenants[0].headers.presets[1]: this preset is chosen already'],
  ],
  [
    'user without a preset',
    withTenant({ headers: { user: 'oid' } }),
    ['tenants[0].headers.user: without a preset this has no effect'],
  ],
] as const) {
  test(`check refuses ${name}`, () => assert.deepEqual(linesOf(file), expected))
}

for (const [name, file] of [
  ['a role without rules that noRole gives', withTenant({ roles: [...roles, { name: 'guest' }], noRole: 'guest' })],
  ['the words of noRole', withTenant({ roles, noRole: 'allow' })],
  [
    'one path apart by method',
    routes(
      { path: '/a', access: 'public', methods: ['GET'] },
      { path: '/a', access: ['admin'], methods: ['POST', 'PUT'] },
    ),
  ],
  ['one path, exact and not', routes({ path: '/a', access: 'public', exact: true }, { path: '/a', access: ['admin'] })],
  [
    'exact routes apart by their trailing slash',
    routes({ path: '/a', access: 'public', exact: true }, { path: '/a/', access: ['admin'], exact: true }),
  ],
  ['two tenants of one provider', { ...minimal(), tenants: [tenant('a'), tenant('b')] }],
  [
    'hosts apart by port',
    {
      ...minimal(),
      tenants: [tenant('a', { publicUrl: 'https://a.com' }), tenant('b', { publicUrl: 'https://a.com:8443' })],
    },
  ],
  ['one group in two roles', withTenant({ roles: [roles[0], { ...roles[0], name: 'user' }] })],
  ['ports that the system chooses', { ...minimal(), server: { listen: '127.0.0.1:0', management: '127.0.0.1:0' } }],
] as const) {
  test(`check takes ${name}`, () => assert.deepEqual(linesOf(file), []))
}

test('check names the nearest, and all that there are', () => {
  const [issue] = issuesOf(routes({ path: '/', access: ['admn'] }))
  assert.equal(issue?.nearest, 'admin')
  assert.equal(issue?.allowed, 'admin, user')
  assert.equal(issue?.found, 'admn')
})

test('check goes on with everything around a part that is wrong in itself', () => {
  const found = linesOf(
    withTenant({
      publicUrl: 'ftp://x',
      roles: [...roles, { name: 'a,b', groups: ['x'] }],
      routes: [{ path: '//', access: ['admin'] }, { path: '/b' }, { path: '/b', access: 'public' }],
      headers: { set: { Host: '{nonsense}' } },
      providers: ['other'],
    }),
  )
  assert.deepEqual(found, [
    'tenants[0].publicUrl: this does not begin with https:// or http://',
    'tenants[0].providers[0]: there is no provider of this name',
    'tenants[0].roles[2].name: a role has no comma in its name: the application gets roles as a list with commas',
    'tenants[0].roles[2].groups[0]: this is not a GUID',
    'tenants[0].routes[0].path: a path has no empty segment (`//`)',
    'tenants[0].routes[1].access: this is required',
    'tenants[0].routes[2]: routes[1] has this path already, for some of the same methods',
    'tenants[0].headers.set.Host: the gateway makes this header itself',
    'tenants[0].headers.set.Host: what stands in braces is not a placeholder',
  ])
})

test('check says nothing about names while one of those they could mean is itself wrong', () => {
  assert.deepEqual(linesOf({ ...minimal(), providers: [{ ...minimal().providers[0], name: 'Contoso' }] }), [
    'providers[0].name: this is not a name',
  ])
})
