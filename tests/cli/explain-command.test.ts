import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { run } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-explain-'))
afterAll(() => rmSync(folder, { recursive: true }))

const file = join(folder, 'sallyport.yaml')
const staff = 'bbbbbbbb-1111-2222-3333-444444444444'
writeFileSync(
  file,
  `version: 1
session: { secrets: ['\${env:NO_SUCH_SECRET}'] }
providers:
  - { name: contoso, tenantId: common, allowedTenantIds: [11111111-2222-3333-4444-555555555555], clientId: 66666666-7777-8888-9999-000000000000, credential: { secret: '\${file:no/such/secret}' } }
  - { kind: oidc, name: club, issuer: 'https://login.example.com', clientId: sallyport, credential: { secret: '\${env:NO_SUCH}' } }
tenants:
  - name: payroll
    publicUrl: https://payroll.contoso.com
    aliases: [https://pay.contoso.com]
    providers: [contoso, club]
    roles:
      - { name: admin, groups: [aaaaaaaa-1111-2222-3333-444444444444] }
      - { name: user, groups: [${staff}], appRoles: [Payroll.User] }
    upstream: { url: 'http://payroll.internal' }
    routes:
      - { path: /public, access: public }
      - { path: /admin, access: [admin] }
      - { path: /fresh, access: signed-in, maxAge: 10m }
      - { path: /, access: signed-in }
`,
)

const explain = (...args: readonly string[]) => run(['explain', '--config', file, ...args])
const json = async (...args: readonly string[]) => JSON.parse((await explain('--json', ...args)).stdout)
const at = (path: string) => `https://payroll.contoso.com${path}`

test('explain says that a page asks for more than a session', async () => {
  const { stdout } = await explain(at('/fresh'), '--group', staff)
  expect(stdout).toContain('asks for  a sign-in; and a sign-in that is at most 10 minutes old\n')
  expect(stdout).toContain(
    'verdict   sent to the sign-in for more than a session (sign_in_too_old), and back afterwards\n',
  )
})

test('explain prints every step and the verdict, without secrets and without a network', async () => {
  const { code, stdout, stderr } = await explain(at('/Admin;x=1'), '--group', staff.toUpperCase())
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toBe(`tenant    payroll
path      /Admin;x=1
or        /Admin
request   GET, a page that a person opens
route     / and below
asks for  the role admin
matched   group ${staff} → user
unmatched groups: 1, app roles: 1
roles     user
verdict   refuse: role_missing, 403
          The route asks for one of several roles, and the groups and app roles of this person give none of them.
`)
})

for (const [what, args, expected] of [
  ['a role by a group', [at('/admin'), '--group', 'AAAAAAAA-1111-2222-3333-444444444444'], { open: true }],
  ['a role by an app role', [at('/x'), '--app-role', 'Payroll.User'], { open: true, person: { roles: ['user'] } }],
  ['a role by another provider', [at('/x'), '--provider', 'club', '--group', staff], { open: true }],
  ['somebody without a role', [at('/x')], { open: false, verdict: { act: 'refuse', reason: 'no_role' } }],
  ['nobody who opens a page', [at('/x'), '--nobody'], { open: false, verdict: { act: 'login' }, person: null }],
  [
    'nobody who sends something',
    [at('/x'), '--nobody', '--method', 'post'],
    { verdict: { act: 'refuse' }, kind: 'data' },
  ],
  ['a public page', [at('/public'), '--nobody'], { open: true, verdict: { identity: false } }],
  ['an alias', ['https://pay.contoso.com/x'], { open: false, located: { at: 'alias', location: at('/x') } }],
  ['another host', ['https://wiki.contoso.com/'], { open: false, tenant: null, verdict: null }],
  ['dot segments as they were typed', [at('/public/../admin')], { located: { reason: 'path_refused' } }],
  ['an address of ours', [at('/.auth/login')], { located: { at: 'endpoint' } }],
] as const) {
  test(`explain says what becomes of ${what}`, async () => {
    expect(await json(...args)).toMatchObject({ ok: true, ...expected })
  })
}

test('explain takes a wrong command line and a wrong configuration for what they are', async () => {
  expect((await explain('payroll.contoso.com')).code).toBe(2)
  expect((await explain(at('/'), '--method', 'G T')).code).toBe(2)
  const unknown = await explain(at('/'), '--provider', 'clubb')
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('did you mean club?')])
  const broken = join(folder, 'broken.yaml')
  writeFileSync(broken, 'version: 1\n')
  expect((await run(['explain', '--config', broken, at('/')])).code).toBe(2)
})
