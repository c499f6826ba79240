import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { type Pasted, readPasted } from '../../src/config/pasted.ts'

const id = '11111111-2222-3333-4444-555555555555'
const other = '99999999-2222-3333-4444-555555555555'
const app = '66666666-7777-8888-9999-000000000000'
const personal = '9188040d-6c67-4c5b-b112-36a304b66dad'

/** What is found besides a directory of the global cloud. */
const found = (tenantId: string, more: Partial<Pasted> = {}): Pasted => ({
  ...{ tenantId, cloud: 'global', authority: null, clientId: null },
  ...more,
})
const authorize = 'client_id=66666666-7777-8888-9999-000000000000&response_type=code&scope=openid'
const externalId = found(id, { authority: `https://${id}.ciamlogin.com` })

describe('readPasted takes', () => {
  for (const [what, text, expected] of [
    ['an id', id, found(id)],
    ['an id in capitals, in braces', '{ABCDEF01-2222-3333-4444-555555555555}', found(`abcdef01${id.slice(8)}`)],
    ['an id in quotes with blanks', ` "${id}", `, found(id)],
    ['a domain', 'contoso.com', found('contoso.com')],
    ['the first domain of a directory', 'Contoso.onmicrosoft.com', found('contoso.onmicrosoft.com')],
    ['organizations', 'organizations', found('organizations')],
    ['common', 'Common', found('common')],
    ['consumers', 'consumers', found('consumers')],
    ['the directory of personal accounts', personal, found('consumers')],
    ['an issuer', `https://login.microsoftonline.com/${id}/v2.0`, found(id)],
    ['an issuer without scheme', `login.microsoftonline.com/${id}/v2.0`, found(id)],
    ['an issuer of version 1', `https://sts.windows.net/${id}/`, found(id)],
    ['an issuer of version 1 in China', `https://sts.chinacloudapi.cn/${id}/`, found(id, { cloud: 'china' })],
    ['the issuer of personal accounts', `https://login.microsoftonline.com/${personal}/v2.0`, found('consumers')],
    ['an authority of MSAL', `https://login.microsoftonline.com/${id}`, found(id)],
    ['an authority by domain', 'https://login.microsoftonline.com/contoso.com/', found('contoso.com')],
    ['an old name of the host', `https://login.windows.net/${id}/oauth2/token`, found(id)],
    [
      'a discovery document',
      `https://login.microsoftonline.com/${id}/v2.0/.well-known/openid-configuration`,
      found(id),
    ],
    [
      'a discovery document for an application',
      `https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration?appid=${app}`,
      found('common', { clientId: app }),
    ],
    [
      'an address of a sign-in',
      `https://login.microsoftonline.com/${id}/oauth2/v2.0/authorize?${authorize}&state=x%20y#`,
      found(id, { clientId: app }),
    ],
    [
      'an address of a sign-in of version 1',
      `https://login.microsoftonline.com/contoso.com/oauth2/authorize?${authorize}`,
      found('contoso.com', { clientId: app }),
    ],
    [
      'an address of a sign-in with a client id that is none',
      'https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize?client_id=x',
      found('organizations'),
    ],
    [
      'a link for admin consent',
      `https://login.microsoftonline.com/${id}/adminconsent?client_id=${app.toUpperCase()}`,
      found(id, { clientId: app }),
    ],
    [
      'federation metadata',
      `https://login.microsoftonline.com/${id}/federationmetadata/2007-06/federationmetadata.xml`,
      found(id),
    ],
    ['the US government', `https://login.microsoftonline.us/${id}/v2.0`, found(id, { cloud: 'us-gov' })],
    ['its old host', `https://login.usgovcloudapi.net/${id}`, found(id, { cloud: 'us-gov' })],
    ['China', 'https://login.partner.microsoftonline.cn/common/v2.0', found('common', { cloud: 'china' })],
    ['its old host', `https://login.chinacloudapi.cn/${id}/oauth2/authorize`, found(id, { cloud: 'china' })],
    ['External ID', `https://${id}.ciamlogin.com/${id}/v2.0`, externalId],
    ['External ID by its host alone', `${id}.ciamlogin.com`, externalId],
    ['External ID by name, with the id', `contoso.ciamlogin.com/${id}`, externalId],
    ['External ID by id, with the name', `https://${id}.ciamlogin.com/contoso.onmicrosoft.com/v2.0`, externalId],
    [
      'an address of a sign-in of External ID',
      `https://contoso.ciamlogin.com/${id}/oauth2/v2.0/authorize?${authorize}`,
      { ...externalId, clientId: app },
    ],
    ['a portal with an id', `https://portal.azure.com/${id}#home`, found(id)],
    ['a portal with a domain', 'https://portal.azure.com/#@contoso.com/resource/x', found('contoso.com')],
    ['a portal that was asked for a directory', `https://entra.microsoft.com/?tenantId=${id}#home`, found(id)],
    [
      'the page of an application in a directory',
      `https://entra.microsoft.com/contoso.com#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Overview/appId/${app}/isMSAApp~/false`,
      found('contoso.com', { clientId: app }),
    ],
    ['the portal of the US government', `https://portal.azure.us/#@${id}/x`, found(id, { cloud: 'us-gov' })],
    ['the portal in China', `https://portal.azure.cn/${id}`, found(id, { cloud: 'china' })],
    ['the pretend Entra', `http://localhost:9400/${id}/v2.0`, found(id, { authority: 'http://localhost:9400' })],
    ['a tile of My Apps', `https://launcher.myapps.microsoft.com/api/signin/${app}?tenantId=${id}`, found(id)],
  ] as const) {
    test(what, () => assert.deepEqual(readPasted(text), { value: expected }))
  }
})

describe('readPasted says what it is of', () => {
  for (const [what, text, problem] of [
    ['nothing', '', /names no directory/],
    ['a word', 'contoso', /names no directory/],
    ['an id with a letter too many', `${id}a`, /names no directory/],
    ['a sentence', 'the directory of contoso.com', /names no directory/],
    ['a host alone', 'https://login.microsoftonline.com/', /names no directory/],
    ['a host alone, without scheme', 'login.microsoftonline.com', /names no directory/],
    ['a page after the sign-in', 'https://login.microsoftonline.com/kmsi', /names no directory/],
    ['the template of an issuer', 'https://login.microsoftonline.com/{tenantid}/v2.0', /a pattern/],
    ['a placeholder', 'https://login.microsoftonline.com/<tenant>/v2.0', /a pattern/],
    ['B2C', 'https://contoso.b2clogin.com/contoso.onmicrosoft.com/v2.0/', /B2C, which is not supported/],
    ['B2C by its host', 'contoso.b2clogin.com', /B2C, which is not supported/],
    ['B2C at the old host', 'https://login.microsoftonline.com/tfp/contoso.onmicrosoft.com/B2C_1_in/v2.0', /B2C/],
    ['B2C by a user flow in the path', 'https://login.microsoftonline.com/contoso.com/b2c_1_in/oauth2', /B2C/],
    ['B2C by a policy', `https://login.microsoftonline.com/${id}/v2.0?p=B2C_1A_signin`, /B2C/],
    ['External ID by name', 'https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0', /External ID by name/],
    ['External ID by its host', 'contoso.ciamlogin.com', /External ID by name/],
    ['External ID of two directories', `https://${id}.ciamlogin.com/${other}/v2.0`, /two directories/],
    ['personal accounts', 'https://login.live.com/oauth20_authorize.srf?client_id=1', /consumers/],
    ['the cloud that is closed', `https://login.microsoftonline.de/${id}/v2.0`, /closed/],
    [
      'an application without directory',
      `https://entra.microsoft.com/#view/x/appId/${app}/y`,
      /66666666-.*no directory/,
    ],
    ['a portal', 'https://entra.microsoft.com/#home', /names no directory/],
    ['a word that is a host', 'localhost', /names no directory/],
    ['another provider', 'https://login.example.com/realms/staff', /kind: oidc/],
    ['another host with ours as a name', 'https://login.microsoftonline.com@evil.example/common', /kind: oidc/],
    ['another host that begins like ours', `https://login.microsoftonline.com.evil.example/${id}`, /kind: oidc/],
    ['a person', 'ada@contoso.com', /e-mail address/],
    ['a token', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln', /token, .* nobody/],
    ['something endless', `https://${"'".repeat(100_000)}`, /too long/],
  ] as const) {
    test(what, () => {
      const reading = readPasted(text)
      assert('problem' in reading, JSON.stringify(reading))
      assert.match(reading.problem, problem)
    })
  }

  test('it never repeats what it does not know to be an id', () => {
    for (const text of ['s3cret~value', 'https://evil.example/\u001b[31m', 'eyJhbGciOi.J9'])
      assert(!JSON.stringify(readPasted(text)).includes(text))
  })
})
