import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { type Given, understand } from '../../src/cli/init-answers.ts'

const id = '11111111-2222-3333-4444-555555555555'
const other = '99999999-2222-3333-4444-555555555555'
const app = '66666666-7777-8888-9999-000000000000'
const group = 'aaaaaaaa-1111-2222-3333-444444444444'
const least: Given = {
  ...{ publicUrl: 'https://Payroll.contoso.com/', upstream: 'http://127.0.0.1:9000', directory: id },
  ...{ tenantFile: false, allowedDirectory: [], roleGroup: [], roleAppRole: [] },
}
const authorize = `https://login.microsoftonline.us/${id}/oauth2/v2.0/authorize?client_id=${app}`

/** What comes of the least that must be given and something more. */
const understood = (more: Partial<Given>) => understand({ ...least, ...more })
const starterOf = (more: Partial<Given>) => understood(more).starter ?? assert.fail(JSON.stringify(understood(more)))
const providerOf = (more: Partial<Given>) => {
  const { provider } = starterOf(more)
  return typeof provider === 'string' ? assert.fail(provider) : provider
}

describe('understand', () => {
  test('needs an address, an application and a directory, and works out the rest', () => {
    assert.deepEqual(understood({}), {
      ...{ file: 'config/sallyport.yaml', missing: [], problems: [] },
      starter: {
        ...{ name: 'payroll', publicUrl: 'https://payroll.contoso.com', upstream: 'http://127.0.0.1:9000', roles: [] },
        provider: {
          ...{ tenantId: id, cloud: 'global', authority: null, allowedTenantIds: [], clientId: null },
          secret: '${file:client.secret}',
        },
      },
    })
  })

  for (const [what, more, expected] of [
    ['cloud and client id from what was pasted', { directory: authorize }, { cloud: 'us-gov', clientId: app }],
    ['what is said over what was pasted', { directory: authorize, clientId: other }, { clientId: other }],
    ['a client id that was pasted with its address', { clientId: authorize }, { clientId: app, cloud: 'global' }],
    ['the other cloud of the US government', { directory: authorize, cloud: 'us-gov-dod' }, { cloud: 'us-gov-dod' }],
    ['the cloud of an id', { cloud: 'china' }, { tenantId: id, cloud: 'china' }],
    ['a domain', { directory: 'Contoso.com' }, { tenantId: 'contoso.com', allowedTenantIds: [] }],
    [
      'the directory that a domain must stand for',
      { directory: 'contoso.com', allowedDirectory: [id] },
      { tenantId: 'contoso.com', allowedTenantIds: [id] },
    ],
    ['External ID', { directory: `a.ciamlogin.com/${id}` }, { authority: `https://${id}.ciamlogin.com` }],
    [
      'whose accounts get in where more than one directory can answer',
      { directory: 'common', allowedDirectory: [id, `https://sts.windows.net/${other}/`, id, 'consumers'] },
      { tenantId: 'common', allowedTenantIds: [id, other, '9188040d-6c67-4c5b-b112-36a304b66dad'] },
    ],
    [
      'personal accounts, which are one directory',
      { directory: 'consumers' },
      { tenantId: 'consumers', allowedTenantIds: [] },
    ],
    ['a variable', { secretEnv: 'ENTRA_SECRET' }, { secret: '${env:ENTRA_SECRET}' }],
    ['a file', { secretFile: '/run/secrets/entra' }, { secret: '${file:/run/secrets/entra}' }],
  ] as const) {
    test(`takes ${what}`, () => {
      const provider = providerOf(more)
      assert.deepEqual({ ...provider, ...expected }, provider)
    })
  }

  test('gathers roles in their order, groups and app roles together', () => {
    const { roles } = starterOf({
      roleGroup: [`admin=${group}`, `user=${other.toUpperCase()}`, `admin=${other}`, `admin=${group}`],
      roleAppRole: ['a=b=c', 'admin=Payroll.Admin'],
    })
    assert.deepEqual(roles, [
      { name: 'admin', groups: [group, other], appRoles: ['Payroll.Admin'] },
      { name: 'user', groups: [other], appRoles: [] },
      { name: 'a=b', groups: [], appRoles: ['c'] },
    ])
  })

  for (const [what, more, name, file] of [
    ['a host', { publicUrl: 'https://time.contoso.com:8443' }, 'time', 'config/sallyport.yaml'],
    ['this machine', { publicUrl: 'http://127.0.0.1:8080' }, 'application', 'config/sallyport.yaml'],
    ['a host whose name is none', { publicUrl: 'https://_x.contoso.com' }, 'application', 'config/sallyport.yaml'],
    ['the file of a tenant', { tenantFile: true, out: 'a/wiki.yaml' }, 'wiki', 'a/wiki.yaml'],
    ['a name', { tenantFile: true, name: 'wiki' }, 'wiki', 'tenants/wiki.yaml'],
    ['any other file', { out: 'gate.yaml' }, 'payroll', 'gate.yaml'],
  ] as const) {
    test(`names the tenant after ${what}`, () => {
      const { starter, file: found } = understood(more)
      assert.deepEqual([starter?.name, found], [name, file])
    })
  }

  for (const [what, more, problem] of [
    ['an http address', { publicUrl: 'http://payroll.contoso.com' }, /^--public-url: only https/],
    ['an application at a metadata address (T125)', { upstream: 'http://169.254.169.254' }, /^--upstream: .*metadata/],
    ['another name than that of the file', { tenantFile: true, name: 'a', out: 'b.yaml' }, /^--out: .* a\.yaml/],
    ['a tenant file that is no YAML', { tenantFile: true, out: 'tenants/a.txt' }, /^--out: .* a\.yaml/],
    ['a directory of another cloud', { directory: authorize, cloud: 'china' }, /^--cloud: .*another cloud/],
    ['a cloud for External ID', { directory: `${id}.ciamlogin.com`, cloud: 'china' }, /^--cloud/],
    ['a client id that is none', { clientId: 'x' }, /^--client-id: this is not an Application/],
    ['a group by name', { roleGroup: ['admin=Payroll'] }, /^--role-group: this is not a GUID/],
    ['a role without group', { roleGroup: ['admin='] }, /^--role-group: this is not role=value/],
    ['a role of no name', { roleAppRole: ['=x'] }, /^--role-app-role: this is not role=value/],
    ['a role with a word that means something', { roleAppRole: ['allow=x'] }, /^--role-app-role: this word/],
    ['two secrets', { secretEnv: 'A', secretFile: 'b' }, /^--secret-env: --secret-file says it already/],
    ['the secret itself', { secretEnv: 'abc8Q~secret' }, /^--secret-env: this is not the name of a variable/],
    ['a reference in a path', { secretFile: '${env:A}' }, /^--secret-file: braces/],
    ['an allow-list for one directory', { allowedDirectory: [id] }, /^--allowed-directory: .* already/],
    ['a domain in the allow-list', { directory: 'common', allowedDirectory: ['a.com'] }, /^--allowed-directory: only/],
    ['a shared provider in the operator’s file', { provider: 'a', directory: undefined }, /only with --tenant-file/],
    ['a shared provider with a directory', { tenantFile: true, provider: 'a' }, /^--provider: .* already/],
  ] as const) {
    test(`refuses ${what}`, () => {
      const { starter, problems } = understood(more as Partial<Given>)
      assert.equal(starter, null)
      assert.equal(problems.length, 1)
      assert.match(problems[0] ?? '', problem)
    })
  }
})
