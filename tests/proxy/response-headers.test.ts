/** Tables over plain data: what is taken off an upstream's answer. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { answerHeaders, answerReason, isWellFramed } from '../../src/proxy/response-headers.ts'

const anonymous = {
  ownCookieNames: ['__Host-sid', '__Host-login'],
  bindCookie: (line: string) => line,
  requested: '/',
  signedIn: false,
  strictTransport: null,
  policy: null,
}
const person = { ...anonymous, signedIn: true }
const lines = (...pairs: readonly (readonly [string, string])[]) => pairs.flat()

for (const [name, raw, status, expected] of [
  [
    'leaves order, spelling and duplicates',
    lines(['X-b', '1'], ['x-A', '2'], ['X-B', '3']),
    200,
    ['X-b', '1', 'x-A', '2', 'X-B', '3'],
  ],
  [
    'takes off hop-by-hop headers',
    lines(
      ['Connection', 'close'],
      ['Keep-Alive', 'timeout=5'],
      ['TE', 'x'],
      ['Trailer', 'y'],
      ['Upgrade', 'h2c'],
      ['Proxy-Authenticate', 'Basic'],
      ['Proxy-Connection', 'close'],
      ['Transfer-Encoding', 'chunked'],
      ['A', 'b'],
    ),
    200,
    ['A', 'b'],
  ],
  [
    'takes off what Connection names, in any case',
    lines(['X-Secret', '1'], ['Connection', 'keep-alive, x-SECRET'], ['X-Else', '2']),
    200,
    ['X-Else', '2'],
  ],
  [
    'drops our cookies alone (T96)',
    lines(
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', '__Host-sid=x; Path=/'],
      ['set-cookie', ' __Host-login =; Max-Age=0'],
      ['Set-Cookie', '__host-sid=other'],
    ),
    200,
    ['Set-Cookie', 'a=1', 'Set-Cookie', '__host-sid=other'],
  ],
  [
    'drops a nameless cookie that would come back under our name (T96)',
    lines(['Set-Cookie', '=__Host-sid=x'], ['Set-Cookie', '__Host-sid']),
    200,
    [],
  ],
  ['drops Clear-Site-Data (T118)', lines(['Clear-Site-Data', '"cookies"'], ['A', 'b']), 200, ['A', 'b']],
  [
    'leaves of Clear-Site-Data what is no cookie (T118)',
    lines(
      ['Clear-Site-Data', '"cache", "cookies"'],
      ['clear-site-data', '"cache","*", "storage"'],
      ['Clear-Site-Data', 'x'],
    ),
    200,
    ['Clear-Site-Data', '"cache"', 'clear-site-data', '"cache", "storage"'],
  ],
  [
    'drops a Service-Worker-Allowed that reaches our addresses, and leaves others (T118)',
    lines(
      ['Service-Worker-Allowed', '/'],
      ['Service-Worker-Allowed', '/.auth/x'],
      ['Service-Worker-Allowed', '/a/../.'],
      ['service-worker-allowed', '/app/'],
    ),
    200,
    ['service-worker-allowed', '/app/'],
  ],
  [
    'drops NTLM offers and keeps others (T119)',
    lines(['WWW-Authenticate', 'NTLM'], ['WWW-Authenticate', 'Basic realm="a, b"']),
    401,
    ['WWW-Authenticate', 'Basic realm="a, b"'],
  ],
  [
    'drops a length beside a transfer coding',
    lines(['Content-Length', '5'], ['Transfer-Encoding', 'chunked']),
    200,
    [],
  ],
  ['drops the length of a 204', lines(['Content-Length', '5']), 204, []],
  [
    'puts the length last',
    lines(['Content-Length', '5'], ['Content-Disposition', 'x']),
    200,
    ['Content-Disposition', 'x', 'Content-Length', '5'],
  ],
  [
    'drops values that HTTP cannot carry',
    lines(['A', 'b\u0000c'], ['B', 'd\u0100'], ['C', 'caf\u00e9']),
    200,
    ['C', 'caf\u00e9'],
  ],
  [
    'leaves Alt-Svc and cache rules',
    lines(['Alt-Svc', 'h3=":443"'], ['Cache-Control', 'public']),
    200,
    ['Alt-Svc', 'h3=":443"', 'Cache-Control', 'public'],
  ],
] as const) {
  test(`answerHeaders ${name}`, () => assert.deepEqual(answerHeaders(raw, status, anonymous), expected))
}

for (const [name, raw, expected] of [
  ['makes an answer without a rule private (T121)', ['A', 'b'], ['A', 'b', 'Cache-Control', 'private']],
  ['leaves Cache-Control', ['cache-control', 'public'], ['cache-control', 'public']],
  ['leaves Expires', ['Expires', '0'], ['Expires', '0']],
  ['leaves Pragma', ['Pragma', 'no-cache'], ['Pragma', 'no-cache']],
  [
    'counts a rule only if it arrives',
    ['Connection', 'cache-control', 'Cache-Control', 'public'],
    ['Cache-Control', 'private'],
  ],
] as const) {
  test(`answerHeaders for a signed-in person ${name}`, () =>
    assert.deepEqual(answerHeaders(raw, 200, person), expected))
}

for (const [name, raw, expected] of [
  ['is added', ['A', 'b'], ['A', 'b', 'Strict-Transport-Security', 'max-age=5']],
  ['of the application stays', ['strict-transport-Security', 'max-age=0'], ['strict-transport-Security', 'max-age=0']],
  [
    'counts only if it arrives',
    ['Connection', 'strict-transport-security', 'Strict-Transport-Security', 'max-age=0'],
    ['Strict-Transport-Security', 'max-age=5'],
  ],
  [
    'stands before the length',
    ['Content-Length', '0'],
    ['Strict-Transport-Security', 'max-age=5', 'Content-Length', '0'],
  ],
] as const) {
  test(`answerHeaders under a transport rule: it ${name}`, () =>
    assert.deepEqual(answerHeaders(raw, 200, { ...anonymous, strictTransport: 'max-age=5' }), expected))
}

test('answerReason gives no reason that HTTP cannot carry', () => {
  assert.equal(answerReason('Not\u0007Found'), '')
  assert.equal(answerReason('Nicht gefunden \u00fc'), 'Nicht gefunden \u00fc')
  assert.equal(answerReason(undefined), '')
})

for (const [what, statusCode, coding, expected] of [
  ['an answer without a coding', 200, undefined, true],
  ['one in chunks', 200, 'chunked', true],
  ['one in Chunks', 404, 'Chunked', true],
  ['a 101', 101, undefined, false],
  ['another coding', 200, 'x', false],
  ['a coding before chunked', 200, 'gzip, chunked', false],
  ['chunked twice', 200, 'chunked, chunked', false],
] as const) {
  test(`isWellFramed says ${expected} of ${what} (T93)`, () => {
    const headers = coding === undefined ? {} : { 'transfer-encoding': coding }
    assert.equal(isWellFramed({ statusCode, headers }), expected)
  })
}

test('answerHeaders states a length without zeros before it', () => {
  assert.deepEqual(answerHeaders(['Content-Length', '005'], 200, anonymous), ['Content-Length', '5'])
})
