/** A table over plain data: which fault an error is. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { Fault } from '../../src/core/fault.ts'
import { breakReason, UpstreamTimeout, upstreamFailure } from '../../src/proxy/upstream-failure.ts'
import { upstreamAt } from './stand-ins.ts'

const upstream = upstreamAt(8080, { origin: 'http://app.internal:8080' })

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
    const fault = upstreamFailure(error, upstream)
    assert.ok(fault instanceof Fault)
    assert.equal(fault.code, expected)
  })
}

test('upstreamFailure leaves a defect of ours what it is', () => {
  const defect = Object.assign(new TypeError('x'), { code: 'ERR_INVALID_CHAR' })
  assert.equal(upstreamFailure(defect, upstream), defect)
})

test('upstreamFailure keeps message and code of the cause, and nothing else of it', () => {
  const error = Object.assign(new Error('Parse Error'), {
    code: 'HPE_INVALID_HEADER_TOKEN',
    rawPacket: Buffer.from('Set-Cookie: secret'),
  })
  const { cause } = upstreamFailure(error, upstream)
  assert.ok(cause instanceof Error)
  assert.deepEqual(Object.entries(cause), [['code', 'HPE_INVALID_HEADER_TOKEN']])
  assert.equal(cause.message, 'http://app.internal:8080: Parse Error')
})

const openssl = (reason: string) => `write EPROTO 40B7:error:0A00010B:SSL routines:read:${reason}:../ssl/record.c:78:`
for (const [name, error, expected] of [
  ['an expired certificate', coded('CERT_HAS_EXPIRED', 'certificate has expired'), /: its certificate has expired$/],
  [
    'one of an unknown authority',
    coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'try Node.js with --x'),
    /name the authority in `ca`/,
  ],
  ['one that vouches for itself', coded('DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed'), /self-signed and not trusted/],
  [
    'one for another name',
    coded('ERR_TLS_CERT_ALTNAME_INVALID', 'Host: a. is not in: DNS:b'),
    /other names .*\(Host: a\. is not in: DNS:b\)$/,
  ],
  [
    'plain http',
    coded('EPROTO', openssl('wrong version number')),
    /: it does not speak TLS here: perhaps the scheme is http$/,
  ],
  [
    'a refused client certificate',
    coded('EPROTO', openssl('tlsv13 alert certificate required')),
    /does not accept the client certificate, or wants one \(tlsv13/,
  ],
  [
    'an old version of TLS',
    coded('EPROTO', openssl('tlsv1 alert protocol version')),
    /: no TLS connection \(tlsv1 alert protocol version\)$/,
  ],
  ['a slow connection', new UpstreamTimeout('connect'), /: no connection within 2 s \(timeouts\.connect\)$/],
  ['a slow answer', new UpstreamTimeout('first-byte'), /: no answer within 5 s \(timeouts\.firstByte\)$/],
  ['a name of the built-in object', coded('constructor', 'x'), /: x$/],
] as const) {
  test(`upstreamFailure explains ${name}, and says which upstream`, () => {
    const { cause } = upstreamFailure(error, upstream)
    assert.ok(cause instanceof Error)
    assert.match(cause.message, /^http:\/\/app\.internal:8080: /)
    assert.match(cause.message, expected)
  })
}

test('upstreamFailure cuts the names of a certificate that has too many', () => {
  const { cause } = upstreamFailure(coded('ERR_TLS_CERT_ALTNAME_INVALID', 'DNS:a, '.repeat(10_000)), upstream)
  assert.ok(cause instanceof Error && cause.message.length < 400)
})

test('breakReason is the limit or the code of the error', () => {
  assert.equal(breakReason(new UpstreamTimeout('idle')), 'idle')
  assert.equal(breakReason(coded('ECONNRESET', 'x')), 'ECONNRESET')
  assert.equal(breakReason('x'), null)
})

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
