/** Tables over plain data: what the request headers are when they leave. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { bodyFraming, outgoingHeaders, upgradeHeaders } from '../../src/proxy/request-headers.ts'

for (const [name, received, expected] of [
  ['none without headers', {}, 'none'],
  ['none for length zero', { 'content-length': '0' }, 'none'],
  ['sized for a length', { 'content-length': '5' }, 'sized'],
  ['chunked for that coding', { 'transfer-encoding': 'Chunked' }, 'chunked'],
] as const) {
  test(`bodyFraming is ${name}`, () => assert.equal(bodyFraming(received), expected))
}

test('bodyFraming refuses codings that cannot be passed on (T93)', () => {
  for (const coding of ['gzip, chunked', 'identity', '', 'chunked, chunked']) {
    assert.throws(() => bodyFraming({ 'transfer-encoding': coding }), /not supported/, coding)
  }
})

for (const [name, method, received, planned, expected] of [
  ['adds nothing to a GET', 'GET', {}, { host: 'a' }, { host: 'a' }],
  ['states the length of a POST without a body', 'POST', {}, {}, { 'content-length': '0' }],
  ['states the length of a method it does not know', 'PURGE', {}, {}, { 'content-length': '0' }],
  ['passes a stated zero on', 'GET', { 'content-length': '0' }, {}, { 'content-length': '0' }],
  [
    'frames a GET with a chunked body (T93)',
    'GET',
    { 'transfer-encoding': 'chunked' },
    {},
    { 'transfer-encoding': 'chunked' },
  ],
  [
    'believes the wire and not the plan (T93)',
    'POST',
    { 'content-length': '3' },
    { 'content-length': '9', 'transfer-encoding': 'chunked' },
    { 'content-length': '3' },
  ],
  [
    'takes off what would frame the request otherwise, or make a tunnel of it (trap 3)',
    'GET',
    {},
    {
      connection: 'close',
      upgrade: 'h2c',
      expect: '100-continue',
      'transfer-encoding': 'chunked',
      'content-length': '7',
      'x-a': '1',
    },
    { 'x-a': '1' },
  ],
  ['keeps lists as lists', 'GET', {}, { 'x-a': ['1', '2'] }, { 'x-a': ['1', '2'] }],
] as const) {
  test(`outgoingHeaders ${name}`, () => assert.deepEqual(outgoingHeaders(method, received, planned), expected))
}

test('outgoingHeaders puts the length last', () => {
  const planned = { 'content-length': '1', 'content-disposition': 'x' }
  assert.deepEqual(Object.keys(outgoingHeaders('POST', { 'content-length': '1' }, planned)), [
    'content-disposition',
    'content-length',
  ])
})

test('upgradeHeaders asks for WebSocket and for nothing else (T103)', () => {
  const planned = { upgrade: 'h2c', connection: 'close, Upgrade', 'content-length': '5', 'sec-websocket-key': 'k' }
  assert.deepEqual(upgradeHeaders(planned), { 'sec-websocket-key': 'k', connection: 'Upgrade', upgrade: 'websocket' })
})
