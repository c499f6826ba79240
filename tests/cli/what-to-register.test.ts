import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'
import { describe, expect, test } from 'vitest'
import { whatToRegister } from '../../src/cli/what-to-register.ts'
import type { EntraRegistration, PlainRegistration, RegisteredTenant } from '../../src/config/registrations.ts'

const directory = '11111111-2222-3333-4444-555555555555'
const application = '66666666-7777-8888-9999-000000000000'

function registered(origin: string): RegisteredTenant {
  return {
    ...{ name: new URL(origin).hostname, enabled: true },
    ...{ redirectUri: `${origin}/.auth/callback`, postLogoutRedirectUri: `${origin}/.auth/signed-out` },
    homePageUrl: `${origin}/.auth/login`,
    frontChannelLogoutUrl: `${origin}/.auth/frontchannel-logout/contoso`,
    backChannelLogoutUrl: `${origin}/.auth/backchannel-logout/staff`,
    adminConsentUrl: null,
  }
}

function entra(origins: readonly string[], more: Partial<EntraRegistration> = {}): EntraRegistration {
  return {
    ...{ kind: 'entra', providers: ['contoso'], enabled: true, tenantId: directory, clientId: application },
    ...{ authority: 'https://login.microsoftonline.com', tenants: origins.map(registered), ...more },
  }
}

function plain(origins: readonly string[]): PlainRegistration {
  return {
    ...{ kind: 'oidc', providers: ['staff'], enabled: true, issuer: 'https://login.example.com', clientId: null },
    ...{ scopes: ['profile', 'email'], tenants: origins.map(registered) },
  }
}

const many = (count: number) => Array.from({ length: count }, (_, index) => `https://t${index}.example.com`)

describe('whatToRegister', () => {
  test('has the ways in and out of all tenants in one list for Entra, and one front-channel logout URL for all', () => {
    expect(whatToRegister(entra(['https://a.example', 'https://b.example']))).toMatchObject({
      redirectUris: [
        'https://a.example/.auth/callback',
        'https://a.example/.auth/signed-out',
        'https://b.example/.auth/callback',
        'https://b.example/.auth/signed-out',
      ],
      homePageUrls: ['https://a.example/.auth/login', 'https://b.example/.auth/login'],
      frontChannelLogoutUrl: 'https://a.example/.auth/frontchannel-logout/contoso',
      warnings: [],
    })
  })

  for (const [what, consents, expected] of [
    [
      'the first that is served',
      [null, 'https://b.example/.auth/admin-consent'],
      'https://b.example/.auth/admin-consent',
    ],
    ['none where none is', [null, null], null],
  ] as const) {
    test(`has the link for admin consent of ${what}`, () => {
      const origins = ['https://a.example', 'https://b.example']
      const tenants = consents.map((adminConsentUrl, at) => ({ ...registered(origins[at] ?? ''), adminConsentUrl }))
      expect(whatToRegister(entra([], { tenants }))).toMatchObject({ adminConsentUrl: expected })
    })
  }

  for (const [what, origins, expected] of [
    ['as many redirect URIs as fit', many(128), []],
    ['too many redirect URIs', many(129), [/258 redirect URIs.*holds 256.*every 128 tenants/]],
    ['https on the machine itself', ['https://localhost:8443', 'https://127.0.0.1'], []],
    ['http on localhost', ['http://localhost:8080'], []],
    ['http on 127.0.0.1', ['http://127.0.0.1:8080'], [/portal refuses http:\/\/127\.0\.0\.1:8080.*Manifest/]],
    ['http below localhost', ['http://pay.localhost:8080'], [/refuses http for http:\/\/pay\.localhost:8080/]],
    ['https below localhost', ['https://pay.localhost'], []],
    ['the IPv6 loopback', ['https://[::1]:8443'], [/does not take https:\/\/\[::1\]:8443/]],
    [
      'two ports of localhost',
      ['http://localhost:8080', 'http://localhost:8081'],
      [/port of localhost: register the redirect URIs of http:\/\/localhost:8080 or http:\/\/localhost:8081\./],
    ],
    ['two schemes on localhost', ['http://localhost:8080', 'https://localhost:8443'], []],
    ['two ports of any other host', ['https://a.example:8443', 'https://a.example'], []],
  ] as const) {
    test(`warns of what Entra would refuse or surprise with: ${what}`, () => {
      const { warnings } = whatToRegister(entra(origins))
      expect(warnings).toHaveLength(expected.length)
      for (const [index, each] of expected.entries()) expect(warnings[index]).toMatch(each)
    })
  }

  for (const tenantId of ['common', 'consumers']) {
    test(`warns of fewer redirect URIs where personal accounts sign in: ${tenantId}`, () => {
      expect(whatToRegister(entra(many(50), { tenantId })).warnings).toEqual([])
      const [warning, ...others] = whatToRegister(entra(many(51), { tenantId })).warnings
      expect([warning, others]).toEqual([expect.stringMatching(/102 redirect URIs.*holds 100.*every 50 tenants/), []])
    })
  }

  test('warns of every redirect URI that is too long, and of no other', () => {
    const host = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(49)}`
    const [callback, signedOut] = [`https://${host}/.auth/callback`, `https://${host}/.auth/signed-out`]
    expect([callback.length, signedOut.length]).toEqual([255, 257])
    const { warnings } = whatToRegister(entra([`https://${host}`]))
    expect(warnings).toEqual([`Entra takes no redirect URI of 257 characters: ${signedOut}`])
  })

  test('has for another provider what it takes as the registration of a client (RFC 7591)', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const provider = new Provider(issuer, {
      features: {
        ...{ registration: { enabled: true }, rpInitiatedLogout: { enabled: true } },
        backchannelLogout: { enabled: true },
      },
      scopes: ['openid', 'profile', 'email'],
    })
    server.on('request', provider.callback())
    try {
      const entry = whatToRegister(plain(['https://a.example', 'https://b.example']))
      if (entry.kind !== 'oidc') throw new Error('another kind')
      const answer = await fetch(`${issuer}/reg`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(entry.clientMetadata),
      })
      const client = await answer.json()
      expect([answer.status, client]).toMatchObject([201, { client_secret: expect.any(String) }])
      expect(client).toMatchObject({ ...entry.clientMetadata })
      expect(entry.clientMetadata).toMatchObject({
        redirect_uris: ['https://a.example/.auth/callback', 'https://b.example/.auth/callback'],
        post_logout_redirect_uris: ['https://a.example/.auth/signed-out', 'https://b.example/.auth/signed-out'],
        backchannel_logout_uri: 'https://a.example/.auth/backchannel-logout/staff',
        scope: 'openid profile email',
      })
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })

  test('warns of http at another provider', () => {
    expect(whatToRegister(plain(['https://a.example'])).warnings).toEqual([])
    expect(whatToRegister(plain(['https://a.example', 'http://localhost:8080'])).warnings).toHaveLength(1)
  })
})
