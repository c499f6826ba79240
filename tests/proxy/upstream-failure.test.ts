/** A table over plain data: which fault an error is. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { Fault } from '../../src/core/fault.ts'
import { UpstreamTimeout, upstreamFailure } from '../../src/proxy/upstream-failure.ts'

for (const [name, error, expected] of [
  ['a refused connection', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'upstream_unreachable'],
  ['a reset connection', Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'upstream_unreachable'],
  ['an unknown name', Object.assign(new Error('x'), { code: 'ENOTFOUND' }), 'upstream_unreachable'],
  [
    'an invalid certificate',
    Object.assign(new Error('x'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
    'upstream_unreachable',
  ],
  ['several refusals at once', Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), 'upstream_unreachable'],
  ['something that is no error', 'x', 'upstream_unreachable'],
  ['our own limit', new UpstreamTimeout('first-byte'), 'upstream_timeout'],
  ['the limit of the system', Object.assign(new Error('x'), { code: 'ETIMEDOUT' }), 'upstream_timeout'],
] as const) {
  test(`upstreamFailure tells ${name} as ${expected} (trap 6)`, () => {
    const fault = upstreamFailure(error)
    assert.ok(fault instanceof Fault)
    assert.equal(fault.code, expected)
  })
}

test('upstreamFailure leaves a defect of ours what it is', () => {
  const defect = Object.assign(new TypeError('x'), { code: 'ERR_INVALID_CHAR' })
  assert.equal(upstreamFailure(defect), defect)
})

test('upstreamFailure keeps message and code of the cause, and nothing else of it', () => {
  const error = Object.assign(new Error('Parse Error'), {
    code: 'HPE_INVALID_HEADER_TOKEN',
    rawPacket: Buffer.from('Set-Cookie: secret'),
  })
  const { cause } = upstreamFailure(error)
  assert.ok(cause instanceof Error)
  assert.deepEqual(Object.entries(cause), [['code', 'HPE_INVALID_HEADER_TOKEN']])
  assert.equal(cause.message, 'Parse Error')
})
