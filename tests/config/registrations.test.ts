import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { ConfigError } from '../../src/config/issues.ts'
import { createLoader, type Written } from '../../src/config/loader.ts'
import { type Choice, providerNames, registrations } from '../../src/config/registrations.ts'
import { clientSecret, folderWith, minimal, signingSecret, tenant } from './written.ts'

type Json = Record<string, unknown>

const directory = '11111111-2222-3333-4444-555555555555'
const application = '66666666-7777-8888-9999-000000000000'
const credential = { secret: '${env:CLIENT}' }
const entra = (name: string, more: Json = {}): Json => ({
  ...{ name, tenantId: directory, clientId: application, credential },
  ...more,
})
const plain = (name: string, more: Json = {}): Json => ({
  ...{ kind: 'oidc', name, issuer: 'https://login.example.com/staff', clientId: 'sallyport', credential },
  ...more,
})

/** Nothing of the environment, unless it is given. */
function written(content: Json, { env = {}, tenantFiles = {} }: { env?: Json; tenantFiles?: Json } = {}): Written {
  const folder = folderWith({ 'sallyport.yaml': stringify(content) })
  mkdirSync(join(folder, 'tenants'))
  for (const [name, each] of Object.entries(tenantFiles)) {
    writeFileSync(join(folder, 'tenants', `${name}.yaml`), stringify(each))
  }
  const options = { env: env as Record<string, string>, withoutSecrets: true }
  const loaded = createLoader(join(folder, 'sallyport.yaml'), options).load()
  expect(loaded.issues).toEqual([])
  return loaded.written
}

const of = (content: Json, choice?: Choice) => registrations(written(content), choice)
const users = (found: ReturnType<typeof of>) =>
  found.map(({ providers, tenants }) => [providers.join(' '), tenants.map(({ name }) => name).join(' ')])

describe('registrations', () => {
  test('has the addresses of every tenant that names a shared provider, in one entry', () => {
    const tenants = [tenant('payroll'), tenant('wiki', { publicUrl: 'https://WIKI.contoso.com:8443' })]
    expect(of({ ...minimal(), tenants })).toEqual([
      {
        ...{ kind: 'entra', providers: ['contoso'], enabled: true, tenantId: directory, clientId: application },
        authority: 'https://login.microsoftonline.com',
        tenants: [
          {
            ...{ name: 'payroll', enabled: true },
            redirectUri: 'https://payroll.contoso.com/.auth/callback',
            postLogoutRedirectUri: 'https://payroll.contoso.com/.auth/signed-out',
            homePageUrl: 'https://payroll.contoso.com/.auth/login',
            frontChannelLogoutUrl: 'https://payroll.contoso.com/.auth/frontchannel-logout/contoso',
            backChannelLogoutUrl: 'https://payroll.contoso.com/.auth/backchannel-logout/contoso',
            adminConsentUrl: 'https://payroll.contoso.com/.auth/admin-consent',
          },
          {
            ...{ name: 'wiki', enabled: true },
            redirectUri: 'https://wiki.contoso.com:8443/.auth/callback',
            postLogoutRedirectUri: 'https://wiki.contoso.com:8443/.auth/signed-out',
            homePageUrl: 'https://wiki.contoso.com:8443/.auth/login',
            frontChannelLogoutUrl: 'https://wiki.contoso.com:8443/.auth/frontchannel-logout/contoso',
            backChannelLogoutUrl: 'https://wiki.contoso.com:8443/.auth/backchannel-logout/contoso',
            adminConsentUrl: 'https://wiki.contoso.com:8443/.auth/admin-consent',
          },
        ],
      },
    ])
  })

  test('names in the addresses for log-outs the provider as its tenant writes it, and one that is switched on', () => {
    const own = { name: 'own', enabled: false, tenantId: directory, clientId: application }
    const [found] = of({
      ...minimal(),
      tenants: [tenant('payroll', { providers: ['contoso', own] }), tenant('wiki', { providers: [own] })],
    })
    expect(found?.providers).toEqual(['contoso', 'payroll/own', 'wiki/own'])
    expect(found?.tenants.map(({ frontChannelLogoutUrl }) => frontChannelLogoutUrl).toSorted()).toEqual([
      'https://payroll.contoso.com/.auth/frontchannel-logout/contoso',
      'https://wiki.contoso.com/.auth/frontchannel-logout/own',
    ])
  })

  test('has a provider that has no client id yet', () => {
    const providers = [{ name: 'contoso', enabled: false, tenantId: directory }]
    const [found] = of({ ...minimal(), providers })
    expect(found).toMatchObject({ enabled: false, clientId: null, tenantId: directory, tenants: [{ name: 'payroll' }] })
  })

  test('has another provider with its issuer and scopes', () => {
    const [found] = of({ ...minimal(), providers: [plain('contoso', { scopes: ['groups'] })] })
    expect(found).toMatchObject({ kind: 'oidc', issuer: 'https://login.example.com/staff', scopes: ['groups'] })
  })

  test('has a tenant that is switched off, and says so', () => {
    const [found] = of({ ...minimal(), tenants: [tenant('payroll', { enabled: false })] })
    expect(found?.tenants).toMatchObject([{ name: 'payroll', enabled: false }])
  })

  test('has a tenant at each of its providers, also at those that are switched off', () => {
    const providers = [entra('contoso'), entra('next', { enabled: false, clientId: undefined })]
    const found = of({ ...minimal(), providers, tenants: [tenant('payroll', { providers: ['contoso', 'next'] })] })
    expect(found.map(({ enabled }) => enabled)).toEqual([true, false])
    expect(users(found)).toEqual([
      ['contoso', 'payroll'],
      ['next', 'payroll'],
    ])
  })

  test('has a provider that no tenant names, without tenants', () => {
    const found = of({ ...minimal(), providers: [entra('contoso'), plain('spare')] })
    expect(users(found)).toEqual([
      ['contoso', 'payroll'],
      ['spare', ''],
    ])
  })

  test('has nothing of aliases, since they are redirected before a sign-in begins', () => {
    const found = of({ ...minimal(), tenants: [tenant('payroll', { aliases: ['https://pay.contoso.com'] })] })
    expect(JSON.stringify(found)).not.toContain('pay.contoso.com')
  })

  for (const [what, one, other, count] of [
    ['takes entries with the same client id and directory as one', entra('a'), entra('b'), 1],
    [
      'takes the same client id in other letters as one',
      entra('a'),
      entra('b', { tenantId: directory.toUpperCase() }),
      1,
    ],
    ['takes entries of two directories apart', entra('a'), entra('b', { tenantId: application }), 2],
    ['takes entries of two clouds apart', entra('a'), entra('b', { authority: 'https://login.microsoftonline.us' }), 2],
    ['takes entries with two client ids apart', entra('a'), entra('b', { clientId: directory }), 2],
    ['takes the same client id at two kinds apart', entra('a'), plain('b', { clientId: application }), 2],
    ['takes the same client id at the same issuer as one', plain('a'), plain('b', { scopes: ['groups'] }), 1],
    ['takes the same client id at two issuers apart', plain('a'), plain('b', { issuer: 'https://other.example' }), 2],
    [
      'takes entries whose issuers are not known apart',
      plain('a', { issuer: '${env:ONE}' }),
      plain('b', { issuer: '${env:TWO}' }),
      2,
    ],
    [
      'takes entries without client id apart',
      entra('a', { enabled: false, clientId: undefined }),
      entra('b', { enabled: false, clientId: undefined }),
      2,
    ],
    [
      'takes entries whose client ids are not known apart',
      entra('a', { clientId: '${env:ONE}' }),
      entra('b', { clientId: '${env:TWO}' }),
      2,
    ],
  ] as const) {
    test(what, () => {
      const tenants = [tenant('one', { providers: ['a'] }), tenant('two', { providers: ['b'] })]
      const found = of({ ...minimal(), providers: [one, other], tenants })
      expect(found).toHaveLength(count)
      expect(found.flatMap(({ providers }) => providers)).toEqual(['a', 'b'])
      expect(found.flatMap((each) => each.tenants.map(({ name }) => name))).toEqual(['one', 'two'])
    })
  }

  test('is switched on as soon as one of several entries is, and has each tenant once and all scopes', () => {
    const providers = [plain('a', { enabled: false, scopes: ['email'] }), plain('b', { scopes: ['email', 'groups'] })]
    const found = of({ ...minimal(), providers, tenants: [tenant('payroll', { providers: ['a', 'b'] })] })
    expect(found).toMatchObject([{ providers: ['a', 'b'], enabled: true, scopes: ['email', 'groups'] }])
    expect(found[0]?.tenants).toHaveLength(1)
  })

  test('names a tenant’s own provider after both, also from a tenant file and from the defaults', () => {
    const found = registrations(
      written(
        {
          ...minimal(),
          ...{ tenantFiles: { path: 'tenants/*.yaml' }, defaults: { providers: ['contoso'] } },
          tenants: [tenant('payroll', { providers: undefined })],
        },
        {
          tenantFiles: {
            wiki: { ...tenant('wiki'), providers: [plain('own', { credential: undefined, enabled: false })] },
          },
        },
      ),
    )
    expect(users(found)).toEqual([
      ['contoso', 'payroll'],
      ['wiki/own', 'wiki'],
    ])
  })

  for (const [choice, expected] of [
    [
      { tenant: 'wiki' },
      [
        ['contoso', 'wiki'],
        ['spare', 'wiki'],
      ],
    ],
    [{ tenant: 'payroll' }, [['contoso', 'payroll']]],
    [{ provider: 'spare' }, [['spare', 'wiki']]],
    [{ provider: 'spare', tenant: 'wiki' }, [['spare', 'wiki']]],
    [{ provider: 'spare', tenant: 'payroll' }, []],
    [{ provider: 'nobody' }, []],
  ] as const) {
    test(`has only what is asked for: ${JSON.stringify(choice)}`, () => {
      const providers = [entra('contoso'), plain('spare', { enabled: false })]
      const tenants = [tenant('payroll'), tenant('wiki', { providers: ['contoso', 'spare'] })]
      expect(users(of({ ...minimal(), providers, tenants }, choice))).toEqual(expected)
    })
  }

  test('makes nothing up for references without a value', () => {
    const providers = [
      entra('contoso', { tenantId: '${env:NOT}', clientId: '${env:NOT}', authority: '${env:NOT}' }),
      plain('other', { issuer: '${env:NOT}', clientId: '${env:NOT}', scopes: ['${env:NOT}', 'groups'] }),
    ]
    const tenants = [tenant('payroll'), tenant('wiki', { providers: ['other'] })]
    expect(of({ ...minimal(), providers, tenants })).toMatchObject([
      { tenantId: null, clientId: null, authority: null },
      { issuer: null, clientId: null, scopes: ['groups'] },
    ])
  })

  test('takes what references say', () => {
    const providers = [entra('contoso', { clientId: '${env:CLIENT_ID}' })]
    const content = { ...minimal(), providers, tenants: [tenant('payroll', { publicUrl: 'https://${env:HOST}' })] }
    const [found] = registrations(written(content, { env: { CLIENT_ID: application, HOST: 'pay.example' } }))
    expect(found).toMatchObject({
      clientId: application,
      tenants: [{ homePageUrl: 'https://pay.example/.auth/login' }],
    })
  })

  test('throws where the public URL of a chosen tenant is not known, and says where it stands', () => {
    const tenants = [tenant('payroll'), tenant('wiki', { publicUrl: 'https://${env:HOST}' })]
    const all = written({ ...minimal(), tenants })
    const thrown = (() => {
      try {
        return registrations(all)
      } catch (error) {
        return error
      }
    })()
    expect(thrown).toBeInstanceOf(ConfigError)
    expect((thrown as ConfigError).issues).toMatchObject([
      { message: 'the publicUrl of wiki has a reference without a value here, so nobody can say what to register' },
    ])
    const text = stringify({ ...minimal(), tenants }).split('\n')
    expect(text[((thrown as ConfigError).issues[0]?.line ?? 0) - 1]).toContain('wiki')
    expect(users(registrations(all, { tenant: 'payroll' }))).toEqual([['contoso', 'payroll']])
  })

  test('holds no secret, neither one that is referred to nor one that stands in the open', () => {
    const env = { SESSION: signingSecret, CLIENT: clientSecret }
    const own = {
      ...minimal(),
      allowInlineSecrets: true,
      providers: [entra('contoso'), entra('b', { clientId: directory, credential: { secret: 'in-the-open' } })],
    }
    const text = JSON.stringify(registrations(written(own, { env })))
    for (const each of [signingSecret, clientSecret, 'in-the-open', 'credential']) expect(text).not.toContain(each)
  })
})

describe('providerNames', () => {
  test('has shared ones and tenants’ own', () => {
    const tenants = [tenant('payroll'), tenant('wiki', { providers: [entra('own')] })]
    expect(providerNames(written({ ...minimal(), tenants }))).toEqual(['contoso', 'wiki/own'])
  })

  test('has the callback path of a tenant, to the letter', () => {
    const tenants = [tenant('payroll', { callbackPath: '/signin-oidc/' })]
    expect(of({ ...minimal(), tenants })[0]?.tenants[0]?.redirectUri).toBe('https://payroll.contoso.com/signin-oidc/')
  })

  test('names the provider in the address for admin consent where a tenant has several, and has none for what is off', () => {
    const [contoso = {}] = minimal().providers
    const providers = [
      contoso,
      { ...contoso, name: 'off', enabled: false },
      { ...contoso, name: 'home', tenantId: 'consumers' },
    ]
    const tenants = [tenant('payroll', { providers: ['contoso', 'off', 'home'] }), tenant('wiki', { enabled: false })]
    const consents = of({ ...minimal(), providers, tenants }).flatMap((each) =>
      each.tenants.map(({ name, adminConsentUrl }) => `${each.providers.join()} ${name} ${adminConsentUrl}`),
    )
    expect(consents).toEqual([
      'contoso,off payroll https://payroll.contoso.com/.auth/admin-consent?provider=contoso',
      'contoso,off wiki null',
      'home payroll null',
    ])
  })
})
