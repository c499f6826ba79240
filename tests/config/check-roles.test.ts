import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { linesOf, load, minimal, withTenant } from './written.ts'

const directory = '11111111-2222-3333-4444-555555555555'
const other = '22222222-2222-3333-4444-555555555555'
const personal = '9188040d-6c67-4c5b-b112-36a304b66dad'
const ada = 'cccccccc-1111-2222-3333-444444444444'
const group = 'aaaaaaaa-1111-2222-3333-444444444444'
const plain = {
  ...{ kind: 'oidc', name: 'house', issuer: 'https://login.example/staff', clientId: 'x' },
  credential: { secret: '${env:CLIENT}' },
}
const entra = (keys: object = {}, name = 'contoso') => ({ ...minimal().providers[0], name, ...keys })

type Json = Record<string, unknown>
/** A tenant with one role, and these providers. */
const file = (role: Json, ...providers: readonly Json[]) => ({
  ...withTenant({
    roles: [{ name: 'it', ...role }],
    ...(providers.length === 0 ? {} : { providers: providers.map(({ name }) => name) }),
  }),
  ...(providers.length === 0 ? {} : { providers }),
})

describe('checkRoles', () => {
  for (const [what, written, lines] of [
    ['a person of the only directory', file({ people: [ada] }), []],
    ['a person with her directory', file({ people: [`${directory}/${ada.toUpperCase()}`] }), []],
    ['a person of a domain', file({ people: [ada, `${other}/${ada}`] }, entra({ tenantId: 'contoso.com' })), []],
    [
      'a person of one of several directories',
      file({ people: [`${other}/${ada}`] }, entra({ tenantId: 'organizations', allowedTenantIds: [directory, other] })),
      [],
    ],
    [
      'a person of the only allowed directory',
      file({ people: [ada] }, entra({ tenantId: 'organizations', allowedTenantIds: [other] })),
      [],
    ],
    ['a subject of another provider', file({ people: ['anna'] }, plain), []],
    [
      'a subject with the issuer before it',
      file({ people: ['https://login.example/staff/anna', `${directory}/${ada}`] }, plain, entra()),
      [],
    ],
    ['directory roles', file({ directoryRoles: [group] }), []],
    ['claims with one value or several', file({ claims: { department: 'HR', 'extn.cost': ['1', '2'] } }), []],
    [
      'names of groups where they are emitted',
      file({ groups: ['payroll-staff'] }, entra({ groupNames: 'emitted' })),
      [],
    ],
    [
      'names and ids where providers differ',
      file({ groups: ['payroll-staff', group] }, entra({ groupNames: 'emitted' }), entra({}, 'b')),
      [],
    ],
    ['a person by name', file({ people: ['ada@contoso.com'] }), ['people[0]: this is not an object ID']],
    [
      'a person without directory where several can answer (T108)',
      file({ people: [ada] }, entra({ tenantId: 'organizations', allowedTenantIds: [directory, other] })),
      ['people[0]: people of several directories can come: say of which this one is'],
    ],
    [
      'a person without directory where there are two providers (T108)',
      file({ people: [ada] }, entra(), plain),
      ['people[0]: people of several directories can come: say of which this one is'],
    ],
    [
      'a person of a directory that does not get in',
      file({ people: [`${other}/${ada}`] }),
      ['people[0]: no provider of this tenant lets people of this directory in'],
    ],
    ['a directory with a name', file({ people: [`${directory}/ada`] }), ['people[0]: this is not an object ID']],
    [
      'ids of groups where names are emitted',
      file({ groups: [group] }, entra({ groupNames: 'emitted' })),
      ['groups[0]: with `groupNames: emitted` tokens have names of groups, and no ids'],
    ],
    [
      'names of groups where ids are sent (T112)',
      file({ groups: ['payroll-staff'] }),
      ['groups[0]: this is not a GUID'],
    ],
    [
      'directory roles that are no ids',
      file({ directoryRoles: ['Global Administrator'] }),
      ['directoryRoles[0]: this is not a GUID'],
    ],
    [
      'directory roles where nobody has them',
      file({ directoryRoles: [group] }, plain),
      ['directoryRoles: only Microsoft Entra has directory roles, so this has no effect'],
    ],
    [
      'claims that people choose for themselves (T111)',
      file({ claims: { email: 'a@contoso.com', preferred_username: 'a', upn: 'b' } }),
      ['email', 'preferred_username', 'upn'].map(
        (claim) =>
          `claims.${claim}: this claim can be changed to say somebody else, so it gives no role: use \`people\``,
      ),
    ],
    [
      'claims that people write themselves (T111)',
      file({ claims: { nickname: 'admin', website: 'https://contoso.com' } }),
      ['nickname', 'website'].map(
        (claim) => `claims.${claim}: people write this claim themselves, so it gives no role: use \`people\``,
      ),
    ],
    [
      'claims that have keys of their own',
      file({ claims: { groups: 'x', roles: 'y', oid: 'z' } }),
      [
        'claims.groups: groups have a key of their own: `groups`',
        'claims.roles: app roles have a key of their own: `appRoles`',
        'claims.oid: people have a key of their own: `people`',
      ],
    ],
    ['names that no claim has', file({ claims: { 'a b': 'x' } }), ['claims["a b"]: this is not the name of a claim']],
  ] as const) {
    test(`checkRoles ${lines.length === 0 ? 'takes' : 'refuses'} ${what}`, () => {
      assert.deepEqual(
        linesOf(written),
        lines.map((line) => `tenants[0].roles[0].${line}`),
      )
    })
  }

  test('checkRoles refuses values of claims that are no texts', () => {
    for (const claims of [{ a: 0 }, { a: true }, { a: [] }, { a: { b: 'c' } }, { a: '' }]) {
      assert.equal(linesOf(file({ claims })).length, 1, JSON.stringify(claims))
    }
  })

  const consumers = entra({ tenantId: 'consumers' })
  const both = entra({ tenantId: 'common', allowedTenantIds: [directory, personal] })
  for (const [what, written] of [
    ['for personal accounts alone', file({ people: [ada] }, consumers)],
    ['beside a directory', file({ people: [`${personal}/${ada}`] }, both)],
    ['beside another provider', file({ people: [`${personal}/${ada}`] }, consumers, entra({}, 'b'))],
  ] as const) {
    test(`checkRoles takes personal accounts where people are named ${what}`, () =>
      assert.deepEqual(linesOf(written), []))
  }

  for (const [what, written] of [
    ['without roles', { ...minimal(), providers: [consumers] }],
    ['with groups alone', file({ groups: [group] }, both)],
    ['with people of another directory alone', file({ people: [`${directory}/${ada}`] }, both)],
    [
      'with claims alone, whatever noRole says',
      { ...withTenant({ roles: [{ name: 'it', claims: { a: 'b' } }], noRole: 'allow' }), providers: [consumers] },
    ],
  ] as const) {
    test(`checkRoles refuses personal accounts ${what}`, () => {
      const [first = '', ...others] = linesOf(written)
      assert.match(first, /^tenants\[0\]\.roles: a provider lets in personal Microsoft accounts/)
      assert.deepEqual(others, [])
    })
  }
})

describe('compileRole', () => {
  const ruleOf = (written: Json) => load(written).tenants[0]?.roles[0]

  test('compileRole spells ids in lower case, and says of which directory a person is', () => {
    const people = [ada.toUpperCase(), `${directory}/${ada}`.toUpperCase()]
    assert.deepEqual(
      ruleOf(file({ people, directoryRoles: [group.toUpperCase()], claims: { a: 'B', c: ['D', 'e'] } })),
      {
        ...{ name: 'it', groups: [], appRoles: [], directoryRoles: [group] },
        people: [
          { directoryId: directory, objectId: ada },
          { directoryId: directory, objectId: ada },
        ],
        claims: [
          { claim: 'a', anyOf: ['B'] },
          { claim: 'c', anyOf: ['D', 'e'] },
        ],
      },
    )
  })

  for (const [what, people, provider, expected] of [
    [
      'a domain, whose id is not known',
      [ada],
      entra({ tenantId: 'contoso.com' }),
      { directoryId: null, objectId: ada },
    ],
    [
      'a domain with its id',
      [ada],
      entra({ tenantId: 'contoso.com', allowedTenantIds: [other] }),
      { directoryId: other, objectId: ada },
    ],
    ['personal accounts', [ada], entra({ tenantId: 'consumers' }), { directoryId: personal, objectId: ada }],
    [
      'another provider, whose subjects are kept as they are',
      [ada.toUpperCase()],
      plain,
      { directoryId: plain.issuer, objectId: ada.toUpperCase() },
    ],
    [
      'another provider, with its issuer',
      [`${plain.issuer}/Anna`],
      plain,
      { directoryId: plain.issuer, objectId: 'Anna' },
    ],
  ] as const) {
    test(`compileRole knows a person of ${what}`, () => {
      assert.deepEqual(ruleOf(file({ people }, provider))?.people, [expected])
    })
  }
})
