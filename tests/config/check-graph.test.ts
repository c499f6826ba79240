import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { readEntraScope } from '../../src/config/entra-scopes.ts'
import type { EntraProvider } from '../../src/core/gateway.ts'
import { linesOf, load, minimal, withTenant } from './written.ts'

type Json = Record<string, unknown>
const group = 'aaaaaaaa-1111-2222-3333-444444444444'
const plain = {
  ...{ kind: 'oidc', name: 'house', issuer: 'https://login.example/staff', clientId: 'x' },
  credential: { secret: '${env:CLIENT}' },
}
const entra = (keys: Json = {}) => ({ ...minimal().providers[0], ...keys })
const file = (tenant: Json, ...providers: readonly Json[]) => ({
  ...withTenant({ ...tenant, providers: providers.map(({ name }) => name) }),
  providers,
})

const sending = { headers: { set: { 'X-Account': '{graph.onPremisesSamAccountName}' } } }
const byGroup = { roles: [{ name: 'it', groups: [group] }] }
const foreign = { scopes: ['api://x/access'] }

describe('checkGraph', () => {
  for (const [what, written, lines] of [
    ['values of Graph', file(sending, entra()), []],
    ['values where one of the providers has them', file(sending, plain, entra()), []],
    ['another resource where Graph is not needed', file({}, entra(foreign)), []],
    ['another resource where overage is refused', file(byGroup, entra({ ...foreign, overage: 'refuse' })), []],
    [
      'another resource where names are emitted',
      file({ roles: [{ name: 'it', groups: ['x'] }] }, entra({ ...foreign, groupNames: 'emitted' })),
      [],
    ],
    [
      'further scopes of Graph',
      file({ ...byGroup, ...sending }, entra({ scopes: ['Mail.Read', 'https://graph.microsoft.com/Calendars.Read'] })),
      [],
    ],
    [
      'values of Graph where nobody has them',
      file(
        {
          ...sending,
          routes: [{ path: '/', access: 'public', headers: { user: '{graph.mail}', presets: ['x-forwarded'] } }],
        },
        plain,
      ),
      [
        'tenants[0].headers.set.X-Account: only Microsoft Entra has Microsoft Graph beside it: use a claim, as {claim.NAME}',
        'tenants[0].routes[0].headers.user: only Microsoft Entra has Microsoft Graph beside it: use a claim, as {claim.NAME}',
      ],
    ],
    ['photos', file({ photo: true }, plain, entra()), []],
    [
      'photos where nobody has them',
      file({ photo: true }, plain),
      ['tenants[0].photo: only Microsoft Entra has Microsoft Graph beside it, where photos are'],
    ],
    [
      'another resource where photos are asked for',
      file({ photo: true }, entra({ ...foreign, overage: 'refuse' })),
      [
        'tenants[0].providers[0]: its `scopes` are of another resource, and a token is for one: here it must be for Microsoft Graph, since photos are asked for (`photo`)',
      ],
    ],
    [
      'another resource where headers send values',
      file(sending, entra({ ...foreign, overage: 'refuse' })),
      [
        'tenants[0].providers[0]: its `scopes` are of another resource, and a token is for one: here it must be for Microsoft Graph, since headers send `{graph.…}`',
      ],
    ],
    [
      'another resource where groups could be left out',
      file(byGroup, entra(foreign)),
      [
        'tenants[0].providers[0]: its `scopes` are of another resource, and a token is for one: here it must be for Microsoft Graph, since roles name groups, which Entra leaves out where there are many (`overage: refuse` does without)',
      ],
    ],
  ] as const) {
    test(`checkGraph ${lines.length === 0 ? 'takes' : 'refuses'} ${what}`, () =>
      assert.deepEqual(linesOf(written), lines))
  }
})

describe('checkScopes', () => {
  for (const [scopes, lines] of [
    [['Mail.Read', 'https://graph.microsoft.us/User.Read'], []],
    [['https://graph.microsoft.com/.default'], []],
    [['api://x/a', 'api://x/b'], []],
    [
      ['api://x/a', 'Mail.Read'],
      ['scopes[1]: this is of another resource than the first: a token is for one (AADSTS70011)'],
    ],
    [
      ['https://graph.microsoft.com/.default', 'Mail.Read'],
      ['scopes[1]: `.default` cannot stand beside other scopes (AADSTS70011)'],
    ],
    [
      ['groups'],
      [
        'scopes[0]: Microsoft Entra has no such scope and refuses the sign-in (AADSTS650053): which groups a token has is said in the app registration, under Token configuration',
      ],
    ],
  ] as const) {
    test(`checkScopes ${lines.length === 0 ? 'takes' : 'refuses'} ${scopes.join(' ')}`, () => {
      const found = linesOf({ ...minimal(), providers: [entra({ scopes })] })
      assert.deepEqual(
        found,
        lines.map((line) => `providers[0].${line}`),
      )
    })
  }

  test('readEntraScope refuses what is asked for anyway, what has no resource, and what is no scope', () => {
    for (const [text, problem] of [
      ['openid', /always/],
      ['email', /always/],
      ['offline_access', /asks for this itself/],
      ['.default', /resource is missing/],
      ['a b', /not a scope/],
      ['', /not a scope/],
      ['a"', /not a scope/],
    ] as const) {
      const read = readEntraScope(text)
      assert('problem' in read, text)
      assert.match(read.problem, problem)
    }
  })
})

describe('checkGroupNames', () => {
  test('checkGroupNames refuses names together with what Graph must resolve', () => {
    const lines = (keys: Json) => linesOf({ ...minimal(), providers: [entra(keys)] })
    assert.deepEqual(lines({ groupNames: 'emitted', overage: 'graph' }), [
      'providers[0].overage: with `groupNames: emitted` Microsoft Graph cannot be asked: names are not unique',
    ])
    for (const keys of [
      { groupNames: 'emitted' },
      { groupNames: 'emitted', overage: 'refuse' },
      { overage: 'graph' },
    ]) {
      assert.deepEqual(lines(keys), [])
    }
  })
})

describe('compileProvider', () => {
  const graphOf = (keys: Json) => {
    const provider = load({ ...minimal(), providers: [entra(keys)] }).tenants[0]?.providers[0] as EntraProvider
    return [provider.graph.base, provider.graph.scopePrefix]
  }
  for (const [what, keys, expected] of [
    ['the global cloud', {}, ['https://graph.microsoft.com/v1.0', '']],
    ['us-gov', { cloud: 'us-gov' }, ['https://graph.microsoft.us/v1.0', 'https://graph.microsoft.us/']],
    ['us-gov-dod', { cloud: 'us-gov-dod' }, ['https://dod-graph.microsoft.us/v1.0', 'https://dod-graph.microsoft.us/']],
    [
      'china',
      { cloud: 'china' },
      ['https://microsoftgraph.chinacloudapi.cn/v1.0', 'https://microsoftgraph.chinacloudapi.cn/'],
    ],
    ['an origin of its own', { graph: 'http://localhost:9400', cloud: 'china' }, ['http://localhost:9400/v1.0', '']],
  ] as const) {
    test(`compileProvider finds the Graph of ${what}`, () => assert.deepEqual(graphOf(keys), expected))
  }

  test('readGraphOrigin refuses what a token must not go to (T125)', () => {
    for (const graph of [
      'http://graph.example',
      'https://graph.microsoft.com/beta',
      'https://169.254.169.254',
      'graph',
      'https://a@b.example',
    ]) {
      assert.equal(linesOf({ ...minimal(), providers: [entra({ graph })] }).length, 1, graph)
    }
  })
})
