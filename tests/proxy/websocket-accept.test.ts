/** The judgement over an upstream's answer to a WebSocket handshake, over plain data. */
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'vitest'
import { acceptValue, headBytes, isAccepted } from '../../src/proxy/websocket-accept.ts'

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const good = {
  connection: 'keep-alive, Upgrade',
  upgrade: 'WebSocket',
  'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
}
const answer = (statusCode: number, headers: object) => ({ statusCode, headers }) as IncomingMessage

test('acceptValue is that of RFC 6455', () => assert.equal(acceptValue(key), good['sec-websocket-accept']))

for (const [name, status, headers, sent, expected] of [
  ['accepts what the RFC asks for', 101, good, key, true],
  ['refuses another status', 200, good, key, false],
  ['refuses another protocol', 101, { ...good, upgrade: 'h2c' }, key, false],
  ['refuses an answer without Connection', 101, { ...good, connection: undefined }, key, false],
  ['refuses the proof for another key', 101, good, 'b3RoZXI=', false],
  ['refuses an answer without proof', 101, { ...good, 'sec-websocket-accept': undefined }, key, false],
  ['refuses where no key went out', 101, good, undefined, false],
] as const) {
  test(`isAccepted ${name} (trap 14)`, () => assert.equal(isAccepted(answer(status, headers), sent), expected))
}

test('headBytes writes latin1', () => {
  assert.deepEqual(
    headBytes('200 OK', ['A', 'caf\u00e9']),
    Buffer.from('HTTP/1.1 200 OK\r\nA: caf\u00e9\r\n\r\n', 'latin1'),
  )
})
