import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { urlsText } from '../../src/cli/urls-text.ts'
import { whatToRegister } from '../../src/cli/what-to-register.ts'
import { type Stage, stageYaml, startStage } from '../stage.ts'
import { createVisitor, navigation } from '../visitor.ts'
import { run } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-urls-'))
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string): string {
  const file = join(folder, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

const several = `version: 1
session: { secrets: ['\${env:NO_SUCH_SECRET}'] }
providers:
  - name: contoso
    tenantId: 11111111-2222-3333-4444-555555555555
    clientId: 66666666-7777-8888-9999-000000000000
    credential: { secret: '\${file:no/such/secret}' }
  - name: next
    enabled: false
    tenantId: 11111111-2222-3333-4444-555555555555
  - name: spare
    enabled: false
    tenantId: 11111111-2222-3333-4444-555555555555
tenantFiles: { path: several/*.yaml, secrets: no/such/folder }
tenants:
  - name: payroll
    publicUrl: https://payroll.contoso.com
    aliases: [https://pay.contoso.com]
    providers: [contoso, next]
    upstream: { url: 'http://\${env:NO_SUCH_HOST}:8080' }
  - name: wiki
    enabled: false
    publicUrl: https://wiki.contoso.com:8443
    providers: [contoso]
    upstream: { url: 'http://wiki.internal' }
`
const severalFile = write('several.yaml', several)
write(
  'several/time-sheets.yaml',
  `publicUrl: http://localhost:8080
providers:
  - { kind: oidc, name: own, issuer: 'https://login.example.com/staff', clientId: sallyport, credential: { secret: '\${file:client-secret}' } }
upstream: { url: 'http://time.internal' }
`,
)

const expected = `contoso: app registration at https://login.microsoftonline.com
  Directory (tenant) ID    11111111-2222-3333-4444-555555555555
  Application (client) ID  66666666-7777-8888-9999-000000000000
  For payroll, wiki (switched off)

  Authentication → Web → Redirect URIs (each exactly so; without wildcards)
    https://payroll.contoso.com/.auth/callback
    https://payroll.contoso.com/.auth/signed-out
    https://wiki.contoso.com:8443/.auth/callback
    https://wiki.contoso.com:8443/.auth/signed-out

  Branding & properties → Home page URL (one of these; the tile in My Apps opens it)
    https://payroll.contoso.com/.auth/login
    https://wiki.contoso.com:8443/.auth/login

  Authentication → Front-channel logout URL (there is one; it is for all tenants of the registration)
    https://payroll.contoso.com/.auth/frontchannel-logout/contoso
  It needs the optional claim sid: Token configuration → Add optional claim → ID.

  Admin consent, once the redirect URIs are registered and the gateway runs: to be opened by who may consent
    https://payroll.contoso.com/.auth/admin-consent?provider=contoso

next: app registration at https://login.microsoftonline.com
  Directory (tenant) ID    11111111-2222-3333-4444-555555555555
  Application (client) ID  not known here
  Switched off: nobody signs in with it.
  For payroll

  If there is no registration yet: App registrations → New registration, Accounts in this organizational directory
  only. Its Application (client) ID becomes \`clientId\`.

  Authentication → Web → Redirect URIs (each exactly so; without wildcards)
    https://payroll.contoso.com/.auth/callback
    https://payroll.contoso.com/.auth/signed-out

  Branding & properties → Home page URL
    https://payroll.contoso.com/.auth/login

  Authentication → Front-channel logout URL (there is one; it is for all tenants of the registration)
    https://payroll.contoso.com/.auth/frontchannel-logout/next
  It needs the optional claim sid: Token configuration → Add optional claim → ID.

spare: app registration at https://login.microsoftonline.com
  Directory (tenant) ID    11111111-2222-3333-4444-555555555555
  Application (client) ID  not known here
  Switched off: nobody signs in with it.
  No tenant uses it: there is nothing to register.

time-sheets/own: client at https://login.example.com/staff
  Client ID  sallyport
  For time-sheets

  Client metadata (RFC 7591)
    {
      "application_type": "web",
      "redirect_uris": [
        "http://localhost:8080/.auth/callback"
      ],
      "post_logout_redirect_uris": [
        "http://localhost:8080/.auth/signed-out"
      ],
      "backchannel_logout_uri": "http://localhost:8080/.auth/backchannel-logout/own",
      "backchannel_logout_session_required": true,
      "grant_types": [
        "authorization_code"
      ],
      "response_types": [
        "code"
      ],
      "token_endpoint_auth_method": "client_secret_post",
      "scope": "openid profile email"
    }
  If the provider does not offer client_secret_post, it is client_secret_basic.

  Home page, where it asks for one
    http://localhost:8080/.auth/login

  Warning: Many providers refuse http for web applications, even on localhost.
`

describe('sallyport urls', () => {
  test('says what to register, per registration, without any secret at hand', async () => {
    const ran = await run(['urls', severalFile])
    expect(ran.stderr).toBe('')
    expect(ran.stdout).toBe(expected)
    expect(ran.code).toBe(0)
  })

  test('tells programs the same', async () => {
    const ran = await run(['urls', '--json', severalFile])
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    const { ok, registrations } = JSON.parse(ran.stdout)
    expect(ok).toBe(true)
    expect(registrations).toHaveLength(4)
    expect(registrations[0]).toMatchObject({
      ...{ kind: 'entra', providers: ['contoso'], enabled: true, warnings: [] },
      frontChannelLogoutUrl: 'https://payroll.contoso.com/.auth/frontchannel-logout/contoso',
      tenants: [
        { name: 'payroll', enabled: true },
        { name: 'wiki', enabled: false, redirectUri: 'https://wiki.contoso.com:8443/.auth/callback' },
      ],
    })
    expect(registrations[0].redirectUris).toHaveLength(4)
    expect(registrations[1]).toMatchObject({ clientId: null, adminConsentUrl: null, enabled: false })
    expect(registrations[3].clientMetadata.redirect_uris).toEqual(['http://localhost:8080/.auth/callback'])
  })

  for (const [args, names] of [
    [['--tenant', 'wiki'], ['contoso']],
    [
      ['--tenant', 'payroll'],
      ['contoso', 'next'],
    ],
    [['--provider', 'time-sheets/own'], ['time-sheets/own']],
    [['--provider', 'contoso', '--tenant', 'wiki'], ['contoso']],
  ] as const) {
    test(`has only what is asked for by ${args.join(' ')}`, async () => {
      const ran = await run(['urls', '--json', ...args, severalFile])
      const { registrations } = JSON.parse(ran.stdout) as { registrations: { providers: string[] }[] }
      expect(registrations.flatMap(({ providers }) => providers)).toEqual(names)
      expect(ran.stdout.includes('payroll.contoso.com')).toBe(args.includes('payroll' as never))
    })
  }

  test('says so where what is asked for does not meet', async () => {
    const ran = await run(['urls', '--provider', 'spare', '--tenant', 'wiki', severalFile])
    expect(ran).toEqual({ code: 0, stdout: 'Nothing to register.\n', stderr: '' })
  })

  const broken = write('broken.yaml', several.replace('publicUrl: https://wiki', 'publicURL: https://wiki'))
  const unknown = write('unknown.yaml', several.replace('https://wiki.contoso.com', 'https://${env:NO_SUCH_HOST}'))
  for (const [what, args, says] of [
    ['says all that is wrong, and nothing else', [broken], /broken\.yaml:\d+:\d+: tenants\[1\][\s\S]*issues?\n$/],
    ['says that a file is missing', ['/no/such/file.yaml'], /cannot be read \(ENOENT\)/],
    [
      'refuses a tenant that there is not',
      ['--tenant', 'wikki', severalFile],
      /no tenant 'wikki' \(did you mean wiki\?\)/,
    ],
    ['refuses a provider that there is not', ['--provider', 'zzz', severalFile], /no provider 'zzz'\n/],
    ['refuses a provider by half its name', ['--provider', 'own', severalFile], /no provider 'own'/],
    ['repeats no control characters', ['--tenant', '\x1b[31m', severalFile], /no tenant '\\u001b\[31m'/],
    ['makes no address up', [unknown], /unknown\.yaml:\d+:\d+: the publicUrl of wiki has a reference without a value/],
  ] as const) {
    test(what, async () => {
      const ran = await run(['urls', ...args])
      expect([ran.code, ran.stdout]).toEqual([2, ''])
      expect(ran.stderr).toMatch(says)
      expect(ran.stderr).not.toContain('\x1b')
    })
  }

  test('tells programs what is wrong, with places', async () => {
    const ran = await run(['urls', '--json', broken])
    expect([ran.code, ran.stderr]).toEqual([2, ''])
    const { ok, issues } = JSON.parse(ran.stdout)
    expect(ok).toBe(false)
    expect(issues).toContainEqual(expect.objectContaining({ path: 'tenants[1].publicURL', line: expect.any(Number) }))
  })

  test('writes no colours where nobody looks at a terminal, also when they are forced', async () => {
    const ran = await run(['urls', severalFile], { env: { FORCE_COLOR: '1' } })
    expect(ran.stdout).toBe(expected)
  })
})

describe('urlsText', () => {
  test('colours titles and warnings for a terminal, and no address', () => {
    const origin = 'http://127.0.0.1:8080'
    const entry = whatToRegister({
      ...{ kind: 'entra', providers: ['contoso'], enabled: true, tenantId: null, clientId: null, authority: null },
      tenants: [
        {
          ...{ name: 'payroll', enabled: true, homePageUrl: `${origin}/.auth/login` },
          ...{ redirectUri: `${origin}/.auth/callback`, postLogoutRedirectUri: `${origin}/.auth/signed-out` },
          ...{ frontChannelLogoutUrl: `${origin}/front`, backChannelLogoutUrl: `${origin}/back` },
          adminConsentUrl: null,
        },
      ],
    })
    const lines = urlsText([entry], true).split('\n')
    const coloured = lines.filter((line) => line.includes('\x1b'))
    expect(coloured).toHaveLength(2)
    expect(coloured[0]).toContain('contoso: app registration')
    expect(coloured[1]).toContain('Warning: ')
    expect(lines).toContain(`    ${origin}/.auth/callback`)
  })
})

test('urlsText says which accounts a registration is for that there is not yet', () => {
  const said = [null, 'contoso.com', 'organizations', 'common', 'consumers'].map((tenantId) => {
    const origin = 'https://payroll.contoso.com'
    const entry = whatToRegister({
      ...{ kind: 'entra', providers: ['contoso'], enabled: false, tenantId, clientId: null, authority: null },
      tenants: [
        {
          ...{ name: 'payroll', enabled: true, homePageUrl: `${origin}/.auth/login` },
          ...{ redirectUri: `${origin}/.auth/callback`, postLogoutRedirectUri: `${origin}/.auth/signed-out` },
          ...{ frontChannelLogoutUrl: `${origin}/front`, backChannelLogoutUrl: `${origin}/back` },
          adminConsentUrl: null,
        },
      ],
    })
    return /New registration, ([\s\S]*?)\. Its/.exec(urlsText([entry], false))?.[1]?.replace(/\s+/g, ' ')
  })
  expect(said).toEqual([
    'Accounts in this organizational directory only',
    'Accounts in this organizational directory only',
    'Accounts in any organizational directory',
    'Accounts in any organizational directory and personal Microsoft accounts',
    'Personal Microsoft accounts only',
  ])
})

describe('what sallyport urls says of a running gateway', () => {
  let stage: Stage
  let entry: Record<'redirectUris' | 'homePageUrls', string[]> & { adminConsentUrl: string | null }
  beforeAll(async () => {
    stage = await startStage()
    const port = Number(new URL(stage.origin).port)
    const yaml = stageYaml({ port, upstream: stage.upstream.origin, authority: stage.emulator.origin })
    entry = JSON.parse((await run(['urls', '--json', write('stage.yaml', yaml)])).stdout).registrations[0]
  })
  afterAll(() => stage.close())

  test('is answered there, address by address', async () => {
    const visitor = createVisitor()
    for (const url of [...entry.redirectUris, ...entry.homePageUrls]) {
      const { status } = await visitor.ask(url, { headers: navigation })
      expect([200, 302, 400], `${url}: ${status}`).toContain(status)
    }
    expect(entry.redirectUris).toHaveLength(2)
    visitor.close()
  })

  test('is the redirect URI that a sign-in asks for, begun at the home page', async () => {
    const visitor = createVisitor()
    const { status, location } = await visitor.ask(entry.homePageUrls[0] ?? '', { headers: navigation })
    expect(status).toBe(302)
    expect(new URL(location).searchParams.get('redirect_uri')).toBe(entry.redirectUris[0])
    visitor.close()
  })

  test('has the address at which an admin consent begins, and its way back is one of the redirect URIs', async () => {
    const visitor = createVisitor()
    const { status, location } = await visitor.ask(entry.adminConsentUrl ?? '', { headers: navigation })
    expect(status).toBe(302)
    expect(new URL(location).pathname).toMatch(/\/v2\.0\/adminconsent$/)
    expect(entry.redirectUris).toContain(new URL(location).searchParams.get('redirect_uri'))
    visitor.close()
  })
})
