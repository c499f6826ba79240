/** What belongs to one connection: told by name, and by kind of credentials. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { bindsConnection, connectionTokens } from '../../src/core/answer/connection.ts'

for (const [value, expected] of [
  ['NTLM TlRM', true],
  ['negotiate YII', true],
  ['Nego2 x', true],
  ['Basic bnRsbQ==', false],
  ['Bearer ntlm', false],
  ['NTLMv9 x', false],
  [undefined, false],
] as const) {
  test(`bindsConnection is ${expected} for ${value} (T119)`, () => assert.equal(bindsConnection(value), expected))
}

test('connectionTokens gives the names in lower case, and none for the two usual options', () => {
  assert.deepEqual(connectionTokens('keep-alive'), [])
  assert.deepEqual(connectionTokens('close'), [])
  assert.deepEqual(connectionTokens('Close, X-Hop ,, x_user'), ['close', 'x-hop', 'x_user'])
})
