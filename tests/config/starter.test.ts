import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { parse } from 'yaml'
import { type Starter, type StarterProvider, starterFile, starterTenantFile } from '../../src/config/starter.ts'
import { issuesOf, linesOf } from './written.ts'

const provider: StarterProvider = {
  ...{ tenantId: '11111111-2222-3333-4444-555555555555', cloud: 'global', authority: null, allowedTenantIds: [] },
  ...{ clientId: '66666666-7777-8888-9999-000000000000', secret: '${file:client.secret}' },
}
const group = 'aaaaaaaa-1111-2222-3333-444444444444'
const starter = {
  ...{ name: 'payroll', publicUrl: 'https://payroll.contoso.com', upstream: 'http://127.0.0.1:9000' },
  ...{ provider, roles: [{ name: 'admin', groups: [group], appRoles: [] }] },
}
const withoutSecrets = { withoutSecrets: true }

describe('starterFile', () => {
  for (const [what, more] of [
    ['one role', {}],
    ['no role', { roles: [] }],
    ['no registration', { provider: { ...provider, clientId: null } }],
    ['an application on this machine', { publicUrl: 'http://localhost:8080' }],
    ['an application at an address', { upstream: 'https://[::1]:8443' }],
    ['External ID', { provider: { ...provider, authority: `https://${provider.tenantId}.ciamlogin.com` } }],
    ['a pretend Entra', { provider: { ...provider, authority: 'http://localhost:9400' } }],
    ['a domain in another cloud', { provider: { ...provider, tenantId: 'contoso.com', cloud: 'us-gov-dod' } }],
    ['several directories', { provider: { ...provider, tenantId: 'organizations', allowedTenantIds: [group] } }],
    ['personal accounts', { provider: { ...provider, tenantId: 'consumers' } }],
    ['names that YAML would take for something else', { name: '1e5', roles: names('true', 'null', '0x1f', '~', '1') }],
    ['names with everything', { roles: names("it's", 'a: b # c', '[x] {y}', '& *', '- z', '"q"', 'Zoë', '%', '@') }],
  ] as const) {
    const text = starterFile({ ...starter, ...more } as Starter & { provider: StarterProvider })

    test(`is right with ${what}`, () => assert.deepEqual(linesOf(text, withoutSecrets), []))

    test(`is right with ${what}, also what stands there to be taken up`, () => {
      const taken = text.replaceAll(/^( *)# (?=-|\w+:)/gm, '$1').replaceAll('#   -', '  -')
      assert(taken !== text)
      assert.deepEqual(linesOf(taken, withoutSecrets), [])
    })

    test(`has no line that is too long with ${what}`, () => {
      for (const line of text.split('\n')) assert(line.length <= 120, line)
    })
  }

  test('says everything as it was given', () => {
    const roles = names('true', "it's", 'a: b # c', '[x] {y}', '1e5')
    const { tenants, providers } = parse(starterFile({ ...starter, name: 'no', roles }))
    assert.deepEqual(tenants[0].name, 'no')
    assert.deepEqual(tenants[0].roles, roles)
    const { name, tenantId, clientId, credential } = providers[0]
    assert.deepEqual(
      [name, tenantId, clientId, credential],
      ['entra', provider.tenantId, provider.clientId, { secret: provider.secret }],
    )
    assert.deepEqual(tenants[0].providers, ['entra'])
  })

  test('asks the Graph of a pretend Entra, and no other', () => {
    const at = (authority: string) =>
      parse(starterFile({ ...starter, provider: { ...provider, authority } })).providers[0].graph
    assert.equal(at('http://localhost:9400'), 'http://localhost:9400')
    assert.equal(at(`https://${provider.tenantId}.ciamlogin.com`), undefined)
  })

  test('says which cloud and whose accounts, where that is not plain', () => {
    const many = { ...provider, tenantId: 'organizations', cloud: 'us-gov' as const, allowedTenantIds: [group] }
    const [said] = parse(starterFile({ ...starter, provider: many })).providers
    const { tenantId, cloud, allowedTenantIds } = said
    assert.deepEqual([tenantId, cloud, allowedTenantIds], ['organizations', 'us-gov', [group]])
    assert(!starterFile(starter).includes('cloud'))
  })

  test('listens where an application on this machine is opened, and else where it always does', () => {
    assert.equal(parse(starterFile({ ...starter, publicUrl: 'http://localhost' })).server.listen, '127.0.0.1:80')
    assert.equal(parse(starterFile(starter)).server, undefined)
  })

  test('has no secret that is not a reference', () => {
    assert.deepEqual(issuesOf(starterFile(starter), withoutSecrets), [])
  })
})

test('starterTenantFile is one entry of tenants, with a provider of its own or a shared one', () => {
  const own = parse(starterTenantFile(starter))
  const shared = parse(starterTenantFile({ ...starter, provider: 'contoso' }))
  assert.deepEqual([own.providers[0].name, own.providers[0].tenantId], ['own', provider.tenantId])
  assert.deepEqual(shared.providers, ['contoso'])
  assert.deepEqual([own.version, own.name, own.publicUrl], [undefined, undefined, starter.publicUrl])
  const main = starterFile(starter).replace(/^tenants:[\s\S]*/m, '')
  for (const file of [own, { ...shared, providers: ['entra'] }])
    assert.deepEqual(linesOf({ ...parse(main), tenants: [{ ...file, name: 'payroll' }] }, withoutSecrets), [])
})

function names(...all: readonly string[]): Starter['roles'] {
  return all.map((name) => ({ name, groups: [group], appRoles: ['A, b'] }))
}
