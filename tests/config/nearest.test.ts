import assert from 'node:assert/strict'
import { test } from 'vitest'
import { nearest } from '../../src/config/nearest.ts'

const keys = ['listen', 'management', 'trustedProxies', 'log', 'drain']

for (const [typed, expected] of [
  ['lisen', 'listen'],
  ['litsen', 'listen'],
  ['trusted_proxies', 'trustedProxies'],
  ['TRUSTED-PROXIES', 'trustedProxies'],
  ['managment', 'management'],
  ['lg', 'log'],
  ['timeout', null],
  ['x', null],
  ['', null],
  ['x'.repeat(100_000), null],
] as const) {
  test(`nearest finds ${expected ?? 'nothing'} for ${typed.slice(0, 20)}`, () =>
    assert.equal(nearest(typed, keys), expected))
}
