import assert from 'node:assert/strict'
import { test } from 'vitest'
import { spanText } from '../../src/core/answer/span.ts'

for (const [seconds, text] of [
  [36_000, '10 hours'],
  [5_400, '90 minutes'],
  [86_400, '1 day'],
  [61, '61 seconds'],
  [0, '0 seconds'],
] as const) {
  test(`spanText says ${text}`, () => assert.equal(spanText(seconds), text))
}
