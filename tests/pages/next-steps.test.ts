import assert from 'node:assert/strict'
import { test } from 'vitest'
import { outcomes } from '../../src/core/answer/outcomes.ts'
import { asksForAnotherAccount, nextStepsFor } from '../../src/pages/next-steps.ts'
import { codes, unserved } from './samples.ts'

for (const code of codes) {
  const { steps } = nextStepsFor(code)
  // Of a host that is nobody's, or not served, nothing is known that could be offered but the advice in the text.
  if (!unserved.has(code)) {
    test(`nextStepsFor offers something after ${code}`, () => assert.ok(steps.length > 0))
  }
  // After that one, this browser has no session that a second try could end.
  if (outcomes[code].status >= 500 && code !== 'sign_out_unfinished' && !unserved.has(code)) {
    test(`nextStepsFor offers to try again after ${code}`, () => assert.ok(steps.includes('again')))
  }
}

for (const code of ['role_missing', 'no_role', 'identity_refused'] as const) {
  test(`nextStepsFor offers another account first after ${code}`, () => {
    assert.equal(nextStepsFor(code).steps[0], 'other-account')
    assert.ok(asksForAnotherAccount(code))
  })
}

for (const code of ['role_missing', 'no_role'] as const) {
  test(`nextStepsFor says after ${code} how to ask for access`, () => assert.equal(nextStepsFor(code).help, 'access'))
}

test('nextStepsFor never leads a person without any role back to the page that refused', () => {
  const { steps } = nextStepsFor('no_role')
  assert.ok(!steps.includes('start') && !steps.includes('again'))
})

test('asksForAnotherAccount leaves an ordinary sign-in alone', () => {
  for (const code of ['login_required', 'transaction_missing', 'provider_unreachable'] as const) {
    assert.equal(asksForAnotherAccount(code), false)
  }
})
