/** Tables over plain data: which sign-ins share the application's own session, and who has one. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { bondAfter, bondOf, holderOf } from '../../src/core/identity/bond.ts'
import { session, staff, tenant } from './build.ts'

const { facts: ada } = session({ bond: 'first' })
const without = session().facts

test('bondAfter keeps the bond of a living session of the same person', () => {
  assert.equal(bondAfter(ada, { ...ada, startedAt: ada.startedAt + 60 }, 'fresh'), 'first')
})

for (const [what, before] of [
  ['where nobody was signed in', null],
  ['after another person', { ...ada, objectId: '00000000-0000-4000-8000-000000000001' }],
  ['after the same ids of another directory', { ...ada, directoryId: '00000000-0000-4000-8000-000000000002' }],
  ['after the same ids at another provider', { ...ada, authority: 'https://elsewhere.example' }],
] as const) {
  test(`bondAfter makes a new one ${what}`, () => assert.equal(bondAfter(before, ada, 'fresh'), 'fresh'))
}

test('bondOf is never that of another sign-in, also of records without one', () => {
  const later = { ...without, startedAt: without.startedAt + 1 }
  const other = { ...without, objectId: '00000000-0000-4000-8000-000000000001' }
  assert.equal(new Set([without, later, other, ada].map(bondOf)).size, 4)
  assert.equal(bondAfter(without, { ...without, startedAt: 9 }, 'fresh'), bondOf(without))
})

test('holderOf is nobody for whom the tenant does not admit, and for whom nobody vouches any more', () => {
  const person = session({ groups: [staff] })
  assert.equal(holderOf(tenant(), person), person)
  assert.equal(holderOf(tenant(), null), null)
  assert.equal(holderOf(tenant(), session({ groups: [], appRoles: [] })), null)
  assert.equal(holderOf(tenant(), session({ groups: [staff], authority: 'https://elsewhere.example' })), null)
  const strict = tenant({ admission: { guests: 'allow', claims: ['employeeid'], emailDomains: [] } })
  assert.equal(holderOf(strict, person), null)
})
