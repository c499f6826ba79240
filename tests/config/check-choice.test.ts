import assert from 'node:assert/strict'
import { test } from 'vitest'
import { linesOf, minimal, tenant } from './written.ts'

const [contoso = {}] = minimal().providers
const named = (name: string, more: object) => ({ ...contoso, name, ...more })
const choosing = (second: object, providers: readonly string[] = ['staff', 'partners']) => ({
  ...minimal(),
  providers: [named('staff', { emailDomains: ['contoso.com'] }), named('partners', second)],
  tenants: [tenant('payroll', { providers })],
})

test('checkChoice refuses one e-mail domain for two ways to sign in, whatever its case', () => {
  assert.deepEqual(linesOf(choosing({ emailDomains: ['fabrikam.com', 'Contoso.com'] })), [
    'tenants[0].providers[1]: the provider staff has contoso.com in its `emailDomains` too: an address of it would choose neither',
  ])
})

for (const [name, configuration] of [
  ['another domain, and one below', choosing({ emailDomains: ['fabrikam.com', 'sales.contoso.com'] })],
  ['a provider that is switched off', choosing({ emailDomains: ['contoso.com'], enabled: false })],
  ['one that another tenant has', choosing({ emailDomains: ['contoso.com'] }, ['staff'])],
] as const) {
  test(`checkChoice takes ${name}`, () => assert.deepEqual(linesOf(configuration), []))
}
