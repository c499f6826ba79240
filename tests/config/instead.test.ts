import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { keysOf, unlessPasted } from '../../src/config/instead.ts'
import { linesOf, minimal } from './written.ts'

const id = '11111111-2222-3333-4444-555555555555'
const app = '66666666-7777-8888-9999-000000000000'
const [contoso] = minimal().providers
const plain = {
  ...{ kind: 'oidc', name: 'contoso', issuer: 'https://login.example.com/realms/staff', clientId: 'gate' },
  credential: { secret: '${env:CLIENT}' },
}

/** The issues of a provider, without their place. */
const about = (provider: object) => linesOf({ ...minimal(), providers: [provider] })

describe('check says what to write in place of', () => {
  for (const [what, provider, lines] of [
    [
      'an issuer as tenantId',
      { ...contoso, tenantId: `https://login.microsoftonline.com/${id}/v2.0` },
      [`providers[0].tenantId: this is more than the id of a directory: write \`tenantId: ${id}\``],
    ],
    [
      'an address of a sign-in in another cloud as tenantId',
      { ...contoso, tenantId: `https://login.microsoftonline.us/${id}/oauth2/v2.0/authorize?client_id=${app}` },
      [
        `providers[0].tenantId: this is more than the id of a directory: write \`tenantId: ${id}\`, \`cloud: us-gov\` and \`clientId: ${app}\``,
      ],
    ],
    [
      'B2C as tenantId',
      { ...contoso, tenantId: 'contoso.b2clogin.com' },
      ['providers[0].tenantId: this is Azure AD B2C, which is not supported'],
    ],
    [
      'an authority with its directory',
      { ...contoso, authority: `https://login.microsoftonline.com/${id}/v2.0` },
      [`providers[0].authority: this is more than the origin: in place of \`authority\`, write \`tenantId: ${id}\``],
    ],
    [
      'an authority in China with its directory',
      { ...contoso, authority: `https://login.partner.microsoftonline.cn/${id}/` },
      [
        `providers[0].authority: this is more than the origin: in place of \`authority\`, write \`tenantId: ${id}\` and \`cloud: china\``,
      ],
    ],
    [
      'an authority with another name',
      { ...contoso, authority: 'https://login.windows.net' },
      [
        'providers[0].authority: the sign-in service calls itself https://login.microsoftonline.com, and nothing else would be believed: write that',
      ],
    ],
    [
      'an authority of External ID by name',
      { ...contoso, authority: `https://contoso.ciamlogin.com/${id}` },
      [`providers[0].authority: write \`tenantId: ${id}\` and \`authority: https://${id}.ciamlogin.com\``],
    ],
    [
      'an authority of External ID without its id',
      { ...contoso, authority: 'https://contoso.ciamlogin.com' },
      [
        'providers[0].authority: this is External ID by name, and its directory is known by its id only: the issuer has it',
      ],
    ],
    [
      'an authority of B2C',
      { ...contoso, authority: 'https://contoso.b2clogin.com' },
      ['providers[0].authority: this is Azure AD B2C, which is not supported'],
    ],
    [
      'Entra as any other provider',
      { ...plain, issuer: `https://login.microsoftonline.com/${id}/v2.0` },
      [
        `providers[0].issuer: this is Microsoft Entra: in place of \`kind: oidc\` and \`issuer\`, write \`tenantId: ${id}\``,
      ],
    ],
    [
      'the template of its issuer',
      { ...plain, issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' },
      ['providers[0].issuer: this is a pattern: the id of the directory belongs where it has a name in brackets'],
    ],
    [
      'External ID as any other provider',
      { ...plain, issuer: `https://${id}.ciamlogin.com/${id}/v2.0` },
      [
        `providers[0].issuer: this is Microsoft Entra: in place of \`kind: oidc\` and \`issuer\`, write \`tenantId: ${id}\` and \`authority: https://${id}.ciamlogin.com\``,
      ],
    ],
  ] as const) {
    test(what, () => assert.deepEqual(about(provider), lines))
  }
})

describe('check finds nothing to say of', () => {
  for (const [what, provider] of [
    ['an id', contoso],
    ['the sign-in service of another cloud', { ...contoso, authority: 'https://login.microsoftonline.us' }],
    ['External ID by its id', { ...contoso, tenantId: id, authority: `https://${id}.ciamlogin.com` }],
    ['a sign-in service on this machine', { ...contoso, authority: 'http://localhost:9400' }],
    ['any other provider', plain],
  ] as const) {
    test(what, () => assert.deepEqual(about({ ...provider }), []))
  }
})

test('unlessPasted leaves everything else to the reader', () => {
  const read = (text: string) => ({ value: text.length })
  for (const setting of ['tenantId', 'authority', 'issuer'] as const) {
    for (const text of ['', 'x', id, 'https://login.example.com']) {
      if (setting === 'tenantId' && text.startsWith('https')) continue
      assert.deepEqual(unlessPasted(setting, read)(text), { value: text.length })
    }
  }
})

test('keysOf joins the keys as a sentence does', () => {
  assert.equal(
    keysOf({ tenantId: 'contoso.com', cloud: 'global', authority: null, clientId: null }),
    '`tenantId: contoso.com`',
  )
})
