/** Tables over plain data: which offers in WWW-Authenticate remain. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { keepRequestChallenges } from '../../src/proxy/challenges.ts'

for (const [line, expected] of [
  ['NTLM', null],
  ['negotiate', null],
  ['Negotiate YII=', null],
  ['NTLM TlRMTVNTUAAC==', null],
  ['Negotiate, NTLM', null],
  ['Basic realm="x"', 'Basic realm="x"'],
  ['Negotiate, Basic realm="x, y", charset="UTF-8", NTLM', 'Basic realm="x, y", charset="UTF-8"'],
  ['NTLM, Bearer realm="a\\", NTLM", error="b"', 'Bearer realm="a\\", NTLM", error="b"'],
  ['Digest realm = "a", nonce="b", Negotiate', 'Digest realm = "a", nonce="b"'],
  ['Basic realm="NTLM, Negotiate"', 'Basic realm="NTLM, Negotiate"'],
  ['Basic realm="open, NTLM', null],
  ['realm="orphan", NTLM', null],
  ['NTLM realm="a", Basic realm="b"', 'Basic realm="b"'],
  [',, NTLM ,,Basic realm=b ,', 'Basic realm=b'],
  ['NTLMv9 realm="a"', 'NTLMv9 realm="a"'],
  ['Kerberos, Nego2, Bearer', 'Bearer'],
] as const) {
  test(`keepRequestChallenges leaves ${expected} of: ${line} (T119)`, () =>
    assert.equal(keepRequestChallenges(line), expected))
}
