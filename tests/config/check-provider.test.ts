import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { createAuthority, createSelfSigned } from '../certificates.ts'
import { folderWith, issuesOf, linesOf, load, minimal, tenant, withTenant } from './written.ts'

const [contoso] = minimal().providers
const plain = {
  ...{ kind: 'oidc', name: 'keycloak', issuer: 'https://login.example.com/realms/staff', clientId: 'gate' },
  credential: { secret: '${env:CLIENT}' },
}

test('checkProvider asks for clientId and credential, unless the provider is switched off', () => {
  const { clientId: _, credential: __, ...bare } = contoso ?? {}
  const message = 'this is required, unless the provider has `enabled: false`'
  assert.deepEqual(linesOf({ ...minimal(), providers: [bare] }), [
    `providers[0].clientId: ${message}`,
    `providers[0].credential: ${message}`,
  ])
  assert.deepEqual(linesOf(withTenant({ providers: [{ ...bare, name: 'own' }] })), [
    `tenants[0].providers[0].clientId: ${message}`,
    `tenants[0].providers[0].credential: ${message}`,
  ])
  const off = load({ ...minimal(), providers: [{ ...bare, enabled: false }] })
  assert.deepEqual([off.tenants, off.closedHosts.get('payroll.contoso.com')?.why], [[], 'off'])
})

test('compile takes any other OpenID provider, and of several those that are switched on, in their order', () => {
  const file = {
    ...minimal(),
    providers: [{ ...contoso, enabled: false }, plain],
    tenants: [tenant('a', { providers: ['contoso', 'keycloak'] })],
  }
  const { credential, ...provider } = load(file).tenants[0]?.providers[0] ?? assert.fail()
  assert.deepEqual(provider, {
    ...{ kind: 'oidc', name: 'keycloak', clientId: 'gate', issuer: 'https://login.example.com/realms/staff' },
    ...{ scopes: ['profile', 'email'], groupsClaim: 'groups', appRolesClaim: 'roles' },
    ...{ label: 'keycloak', emailDomains: [], authContexts: {} },
  })
  const both = load({ ...file, providers: [plain, { ...contoso, label: 'Sign in with Microsoft' }] }).tenants[0]
  assert.deepEqual(
    both?.providers.map(({ label }) => label),
    ['Sign in with Microsoft', 'keycloak'],
  )
})

test('checkTenant lets groups have names only where no provider is Entra’s', () => {
  const roles = [{ name: 'staff', groups: ['Domain Users'] }]
  assert.deepEqual(
    linesOf({ ...minimal(), providers: [plain], tenants: [tenant('a', { providers: ['keycloak'], roles })] }),
    [],
  )
  assert.deepEqual(linesOf(withTenant({ providers: [plain], roles })), [])
  assert.deepEqual(linesOf(withTenant({ roles })), ['tenants[0].roles[0].groups[0]: this is not a GUID'])
})

test('loadConfig says what is wrong within a provider of a tenant’s own, at its place', () => {
  const wrong = (provider: unknown) => linesOf(withTenant({ providers: [provider] }))
  for (const [provider, lines] of [
    [{ ...plain, colour: 'red' }, ['tenants[0].providers[0].colour: this key is not known']],
    [{ ...plain, kind: 'oidcc' }, ['tenants[0].providers[0].kind: this is none of the values that are allowed']],
    [{ ...plain, issuer: 'x' }, ['tenants[0].providers[0].issuer: this does not begin with https:// or http://']],
    [
      { ...contoso, name: 'own', tenantId: 'common' },
      [
        'tenants[0].providers[0].allowedTenantIds: with `common` this is required: accounts of any directory could sign in',
      ],
    ],
    [
      { ...contoso, name: 'own', issuer: 'https://a.example' },
      ['tenants[0].providers[0].issuer: this key is not known'],
    ],
    [{ ...contoso }, ['tenants[0].providers[0].name: a shared provider has this name']],
    ['Not A Name', ['tenants[0].providers[0]: this is not a name']],
    [7, ['tenants[0].providers[0]: this is none of the values that are allowed']],
  ] as const) {
    assert.deepEqual(wrong(provider), lines)
  }
})

test('loadConfig names the keys of the kind that is meant, and the nearest', () => {
  const [issue] = issuesOf({ ...minimal(), providers: [{ ...plain, name: 'contoso', isuer: 'x' }] })
  assert.deepEqual([issue?.path, issue?.nearest], ['providers[0].isuer', 'issuer'])
  assert.match(issue?.allowed ?? '', /^kind, name, enabled, label, emailDomains, issuer, clientId, /)
  const [shape] = issuesOf({ ...minimal(), providers: contoso })
  assert.equal(shape?.allowed, 'a list, each a mapping whose kind is entra or oidc')
  const [kind] = issuesOf({ ...minimal(), providers: [{ ...contoso, kind: 'entr' }] })
  assert.deepEqual([kind?.found, kind?.allowed, kind?.nearest], ['entr', 'entra, oidc', 'entra'])
})

test('loadConfig never shows a secret that stands in a provider of a tenant’s own', () => {
  const issues = issuesOf(
    withTenant({
      providers: [{ ...plain, credential: { secret: 'hunter2' } }, { credential: 'hunter2' }, ['hunter2']],
    }),
  )
  assert(issues.length >= 3, JSON.stringify(issues))
  assert.doesNotMatch(JSON.stringify(issues), /hunter2/)
})

const authority = createAuthority()
const pairs = {
  rsa: authority.issue('DNS:gate.example', 2, 'rsa'),
  ec: authority.issue('DNS:gate.example'),
  old: authority.issue('DNS:gate.example', -1, 'rsa'),
  other: createSelfSigned('DNS:gate.example'),
}
const folder = folderWith(
  Object.fromEntries(
    Object.entries(pairs).flatMap(([name, { cert, key }]) => [
      [`${name}.crt`, cert],
      [`${name}.key`, key],
    ]),
  ),
)
const files = (cert: string, key = cert) => ({
  certificate: { cert: join(folder, `${cert}.crt`), key: join(folder, `${key}.key`) },
})
const env = { SESSION: 'a-signing-secret-of-more-than-32-bytes', CLIENT: 'one', CLIENT_NEW: 'two' }
const secret = '${env:CLIENT}'
const secrets = ['${env:CLIENT_NEW}', '${env:CLIENT}']

describe('a credential', () => {
  const linesWith = (provider: unknown, credential: unknown) =>
    linesOf({ ...minimal(), providers: [{ ...(provider as object), name: 'contoso', credential }] }, { env }).map(
      (line) => line.replace('providers[0].credential', ''),
    )

  for (const [what, provider, credential, lines] of [
    ['a secret with its day', contoso, { secret, secretExpiresOn: '2027-01-31' }, []],
    ['secrets', contoso, { secrets, secretExpiresOn: '2027-01-31' }, []],
    ['a certificate', contoso, files('rsa'), []],
    ['workload identity', contoso, { federated: 'workload-identity', tokenFile: '/run/token' }, []],
    ['managed identity', contoso, { federated: 'managed-identity', identity: contoso?.clientId }, []],
    ['a certificate elsewhere', plain, files('ec'), []],
    ['secrets elsewhere', plain, { secrets, sentBy: 'basic' }, []],
    ['nothing', contoso, {}, [': one of these is required: secret, secrets, certificate, federated']],
    ['nothing elsewhere', plain, {}, [': one of these is required: secret, secrets, certificate']],
    [
      'two forms',
      contoso,
      { secret, secrets, ...files('rsa') },
      [
        '.secrets: there is `secret` already: a credential has one form',
        '.certificate: there is `secret` already: a credential has one form',
      ],
    ],
    [
      'the same secret twice',
      contoso,
      { secrets: [secret, secret] },
      ['.secrets[1]: this is the same as one before it'],
    ],
    ['no secrets', contoso, { secrets: [] }, ['.secrets: this list needs at least 1']],
    [
      'a day of nothing',
      contoso,
      { ...files('rsa'), secretExpiresOn: '2027-01-31' },
      ['.secretExpiresOn: without `secret` or `secrets` this has no effect'],
    ],
    [
      'a day that is none',
      contoso,
      { secret, secretExpiresOn: '2027-02-31' },
      ['.secretExpiresOn: there is no such day'],
    ],
    [
      'a token file of nothing',
      contoso,
      { secret, tokenFile: '/x' },
      ['.tokenFile: without `federated` this has no effect'],
    ],
    [
      'a token file of a machine',
      contoso,
      { federated: 'managed-identity', tokenFile: '/x' },
      ['.tokenFile: with `managed-identity` this has no effect'],
    ],
    [
      'an identity of a pod',
      contoso,
      { federated: 'workload-identity', identity: contoso?.clientId },
      ['.identity: with `workload-identity` this has no effect'],
    ],
    [
      'how a certificate is sent',
      plain,
      { ...files('ec'), sentBy: 'post' },
      ['.sentBy: without `secret` or `secrets` this has no effect'],
    ],
    [
      'federation elsewhere',
      plain,
      { federated: 'workload-identity' },
      [': one of these is required: secret, secrets, certificate', '.federated: this key is not known'],
    ],
    ['a key that Entra cannot check', contoso, files('ec'), ['.certificate.cert: the key must be RSA']],
    [
      'the key of another',
      contoso,
      files('rsa', 'old'),
      ['.certificate.cert: the private key is not the one of this certificate'],
    ],
    [
      'a secret in the open',
      contoso,
      { secrets: ['hunter2', secret] },
      ['.secrets[0]: a secret must not stand in the file'],
    ],
  ] as const) {
    test(`checkProvider looks at ${what}`, () => assert.deepEqual(linesWith(provider, credential), lines))
  }

  test('checkProvider refuses a certificate that has expired', () => {
    const [line, ...others] = linesWith(contoso, files('old'))
    assert.match(line ?? '', /^\.certificate\.cert: the certificate expired on /)
    assert.deepEqual(others, [])
  })

  test('compile keeps the order of the secrets, and says nothing of them', () => {
    const { providers } = { providers: [{ ...contoso, credential: { secrets, secretExpiresOn: '2027-01-31' } }] }
    const { credential } = load({ ...minimal(), providers }, { env }).tenants[0]?.providers[0] ?? assert.fail()
    assert(credential.form === 'secrets')
    assert.deepEqual(
      credential.secrets.map((each) => each.reveal()),
      ['two', 'one'],
    )
    assert.equal(credential.expiresAt, Date.UTC(2027, 0, 31) / 1_000)
    assert.doesNotMatch(JSON.stringify(credential), /one|two/)
  })

  test('compile takes the way out, and an empty proxy for none', () => {
    const egress = { proxy: '${env:PROXY:-}', noProxy: ['.example', 'a,b'], ca: join(folder, 'rsa.crt') }
    const { server } = load({ ...minimal(), server: { egress } }, { env })
    assert.deepEqual(server.egress, { proxy: null, noProxy: ['.example', 'a', 'b'], ca: pairs.rsa.cert.trimEnd() })
    const proxied = load({ ...minimal(), server: { egress } }, { env: { ...env, PROXY: 'http://a:b@proxy:3128' } })
    assert.equal(proxied.server.egress.proxy?.reveal(), 'http://a:b@proxy:3128')
    assert.deepEqual(linesOf({ ...minimal(), server: { egress: { proxy: 'http://a:hunter2@proxy:3128' } } }), [
      'server.egress.proxy: a password must not stand in the file',
    ])
  })
})

const directory = '11111111-2222-3333-4444-555555555555'
const personal = '9188040d-6c67-4c5b-b112-36a304b66dad'
for (const [what, keys, lines] of [
  ['a domain by itself', { tenantId: 'contoso.com' }, []],
  ['a domain that is pinned', { tenantId: 'contoso.com', allowedTenantIds: [directory] }, []],
  ['several directories, each named', { tenantId: 'organizations', allowedTenantIds: [directory] }, []],
  ['personal accounts beside a directory', { tenantId: 'common', allowedTenantIds: [directory, personal] }, []],
  [
    'several directories without naming them (T106)',
    { tenantId: 'organizations' },
    ['allowedTenantIds: with `organizations` this is required: accounts of any directory could sign in'],
  ],
  [
    'a list beside the one directory',
    { tenantId: directory, allowedTenantIds: [directory] },
    ['allowedTenantIds: `tenantId` names the one directory already: this has no effect'],
  ],
  [
    'a domain that would stand for two directories',
    { tenantId: 'contoso.com', allowedTenantIds: [directory, personal] },
    ['allowedTenantIds: a domain stands for one directory'],
  ],
  [
    'personal accounts where there are none',
    { tenantId: 'organizations', allowedTenantIds: [directory, personal] },
    [
      'allowedTenantIds: this is the directory of personal accounts, which `organizations` leaves out: `common` has them',
    ],
  ],
  [
    'personal accounts of another cloud',
    { tenantId: 'consumers', cloud: 'china' },
    ['cloud: personal Microsoft accounts exist in the global cloud only'],
  ],
  [
    'a cloud without effect',
    { authority: 'https://login.example', cloud: 'us-gov' },
    ['cloud: `authority` says where the sign-in service is: this has no effect'],
  ],
] as const) {
  const judges = lines.length === 0 ? 'takes' : 'refuses'
  test(`checkProvider ${judges} ${what}`, () => {
    const found = linesOf({ ...minimal(), providers: [{ ...contoso, ...keys }] })
    assert.deepEqual(
      found,
      lines.map((line) => `providers[0].${line}`),
    )
  })
}

for (const [cloud, authority] of [
  ['global', 'https://login.microsoftonline.com'],
  ['us-gov', 'https://login.microsoftonline.us'],
  ['us-gov-dod', 'https://login.microsoftonline.us'],
  ['china', 'https://login.partner.microsoftonline.cn'],
] as const) {
  test(`compile finds the sign-in service of the cloud ${cloud}`, () => {
    const [found] = load({ ...minimal(), providers: [{ ...contoso, cloud }] }).tenants[0]?.providers ?? assert.fail()
    assert.equal(found?.kind === 'entra' && found.authority, authority)
  })
}
