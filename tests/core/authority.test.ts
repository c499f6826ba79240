import { expect, test } from 'vitest'
import type { EntraProvider } from '../../src/core/gateway.ts'
import { admitsDirectory, personalDirectory } from '../../src/core/identity/authority.ts'
import { isVouchedFor } from '../../src/core/identity/session.ts'
import { contoso, directoryId, session, tenant } from './build.ts'

const other = 'd94e1c37-6a5b-4f02-8e71-b3c0a9d85f16'
const at = (tenantId: string, allowedTenantIds: readonly string[] | null = null): EntraProvider => ({
  ...contoso,
  ...{ tenantId, allowedTenantIds },
})

for (const [what, provider, admitted] of [
  ['one directory: its own', at(directoryId), [directoryId]],
  ['a domain: whatever it was found to stand for', at('contoso.example'), [directoryId, other, personalDirectory]],
  ['a pinned domain: its directory', at('contoso.example', [directoryId]), [directoryId]],
  ['organizations: those that are listed', at('organizations', [directoryId]), [directoryId]],
  ['organizations: never personal accounts', at('organizations', [directoryId, personalDirectory]), [directoryId]],
  ['organizations without a list: nobody', at('organizations'), []],
  ['common: those that are listed', at('common', [other, personalDirectory]), [other, personalDirectory]],
  ['common without a list: nobody', at('common'), []],
  ['consumers: personal accounts', at('consumers'), [personalDirectory]],
] as const) {
  test(`admitsDirectory lets in by ${what} (T106)`, () => {
    const found = [directoryId, other, personalDirectory].filter((each) => admitsDirectory(provider, each))
    expect(found).toEqual(admitted)
  })
}

test('isVouchedFor is over once the directory is off the list, the provider elsewhere, or gone (T126)', () => {
  const several = at('organizations', [directoryId, other])
  const authority = 'https://login.example/organizations'
  const held = (provider: EntraProvider) => isVouchedFor(session({ authority }), tenant({ providers: [provider] }))
  expect(held(several)).toBe(true)
  expect(held({ ...several, allowedTenantIds: [other] })).toBe(false)
  expect(held({ ...several, tenantId: 'common' })).toBe(false)
  expect(held({ ...several, authority: 'https://login.microsoftonline.us' })).toBe(false)
  expect(held({ ...several, name: 'other' })).toBe(false)
  const further = tenant({ providers: [{ ...contoso, name: 'first' }, several] })
  expect(isVouchedFor(session({ authority }), further)).toBe(true)
})
