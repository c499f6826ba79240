import assert from 'node:assert/strict'
import { test } from 'vitest'
import {
  type Reading,
  readAbsolutePath,
  readAddress,
  readDate,
  readDirectoryId,
  readDuration,
  readGuid,
  readKeptForms,
  readMethod,
  readName,
  readRoleName,
  readSigningSecret,
  readText,
  readTrustedProxy,
  writeDuration,
} from '../../src/config/values.ts'

const refuses = (found: Reading<unknown>, because: RegExp): void => {
  assert('problem' in found, JSON.stringify(found))
  assert.match(found.problem, because)
}

test('readDuration takes days, hours, minutes and seconds, alone and together', () => {
  for (const [text, seconds] of [
    ['30s', 30],
    ['15m', 900],
    ['10h', 36_000],
    ['90d', 7_776_000],
    ['1h30m', 5_400],
    ['1d1h1m1s', 90_061],
    ['0s', 0],
  ] as const) {
    assert.deepEqual(readDuration(text, 0, 1e9), { value: seconds })
  }
})

test('readDuration refuses everything else', () => {
  for (const text of [
    '',
    '10',
    '10 h',
    '1.5h',
    '-1h',
    '30m1h',
    '10H',
    '10min',
    '10h ',
    '\n10h',
    '1e3s',
    '9999999s',
    'h',
  ]) {
    refuses(readDuration(text, 0, 1e9), /not a duration/)
  }
  refuses(readDuration('59s', 60, 3_600), /shorter than 1m/)
  refuses(readDuration('61m', 60, 3_600), /longer than 1h/)
})

test('writeDuration says a duration in its largest unit', () => {
  assert.deepEqual([0, 1, 60, 90, 3_600, 86_400, 90_000].map(writeDuration), [
    '0s',
    '1s',
    '1m',
    '90s',
    '1h',
    '1d',
    '25h',
  ])
})

test('readAddress takes names, IPv4 and IPv6 in brackets', () => {
  assert.deepEqual(readAddress('0.0.0.0:8080'), { value: { host: '0.0.0.0', port: 8080 } })
  assert.deepEqual(readAddress('localhost:0'), { value: { host: 'localhost', port: 0 } })
  assert.deepEqual(readAddress('[::1]:9090'), { value: { host: '::1', port: 9090 } })
})

test('readAddress refuses what is not host:port', () => {
  for (const text of [
    '',
    '8080',
    ':8080',
    'localhost',
    'localhost:',
    'a b:1',
    'http://a:1',
    'a:b',
    '1.2.3:80',
    '999.1.1.1:80',
    '*:80',
    'a:1\n',
  ]) {
    refuses(readAddress(text), /host:port/)
  }
  refuses(readAddress('::1:80'), /brackets/)
  refuses(readAddress('[1.2.3.4]:80'), /brackets/)
  refuses(readAddress('a:65536'), /65535/)
})

test('T20 readTrustedProxy refuses blocks that hold everybody, in any spelling', () => {
  for (const text of ['0.0.0.0/0', '::/0', '10.0.0.0/0', '2001:db8::/0', '0:0:0:0:0:0:0:0/0']) {
    refuses(readTrustedProxy(text), /trusts everybody/)
  }
  refuses(readTrustedProxy('::ffff:0:0/96'), /IPv4/)
})

test('readTrustedProxy takes addresses and blocks, and nothing else', () => {
  for (const text of ['10.0.0.0/8', '10.1.2.3', '::1', 'fd00::/8', '10.0.0.0/32', '::/128']) {
    assert.deepEqual(readTrustedProxy(text), { value: text })
  }
  for (const text of [
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    'proxy',
    '',
    '10.0.0',
    'fe80::1%eth0',
  ]) {
    assert('problem' in readTrustedProxy(text), text)
  }
})

test('readGuid gives lower case, and refuses braces, blanks and other lengths', () => {
  assert.deepEqual(readGuid('AAAAAAAA-1111-2222-3333-444444444444'), { value: 'aaaaaaaa-1111-2222-3333-444444444444' })
  for (const text of [
    '',
    '{aaaaaaaa-1111-2222-3333-444444444444}',
    'aaaaaaaa-1111-2222-3333-44444444444',
    'aaaaaaaa111122223333444444444444',
    'Domain Users',
  ]) {
    refuses(readGuid(text), /not a GUID/)
  }
})

test('readDirectoryId takes an id, a domain or a word for several, in lower case', () => {
  for (const text of [
    'Common',
    'organizations',
    'consumers',
    'Contoso.onmicrosoft.com',
    `${'A'.repeat(8)}${'-1111'.repeat(3)}-${'2'.repeat(12)}`,
  ]) {
    assert.deepEqual(readDirectoryId(text), { value: text.toLowerCase() })
  }
  refuses(readDirectoryId('9188040d-6c67-4c5b-b112-36a304b66dad'), /personal accounts: write consumers/)
  for (const text of ['contoso.', '.com', 'con toso.com', 'contoso/.com', '10.0.0.1:80'])
    refuses(readDirectoryId(text), /neither the id of a directory/)
  refuses(readDirectoryId('contoso'), /neither the id of a directory/)
})

test('readName takes small letters, digits and hyphens', () => {
  for (const text of ['a', '0', 'payroll-2', 'a'.repeat(63)]) assert.deepEqual(readName(text), { value: text })
  for (const text of ['', '-a', 'A', 'a_b', 'a.b', 'a b', 'ä', 'a'.repeat(64), 'a\n'])
    assert('problem' in readName(text), text)
})

test('readRoleName refuses commas, control characters and the words of noRole', () => {
  for (const text of ['admin', 'Payroll Admin', 'Büro', 'a:b/c']) assert.deepEqual(readRoleName(text), { value: text })
  for (const text of ['', 'a,b', 'a\u0000', 'a\r\nb', 'a\u200b', ' a', 'a ', 'refuse', 'allow'])
    assert('problem' in readRoleName(text), text)
})

test('readText refuses what people cannot see', () => {
  for (const text of ['a\u202eb', 'a\tb', 'a\u2028b', '\ud800', 'x'.repeat(201), ''])
    assert('problem' in readText(text), text)
})

test('T11 readMethod takes methods as they are sent, in capital letters', () => {
  for (const text of ['GET', 'PROPFIND', 'VERSION-CONTROL']) assert.deepEqual(readMethod(text), { value: text })
  refuses(readMethod('get'), /capital/)
  for (const text of ['', 'GET ', '*', 'GET,POST', 'CONNECT', 'TRACE']) assert('problem' in readMethod(text), text)
})

test('readSigningSecret counts bytes, not characters', () => {
  refuses(readSigningSecret('x'.repeat(31)), /32 bytes/)
  assert('value' in readSigningSecret('x'.repeat(32)))
  assert('value' in readSigningSecret('ü'.repeat(16)))
})

test('readDate gives the beginning of the day, and refuses days that there are not', () => {
  assert.deepEqual(readDate('2027-01-31'), { value: Date.UTC(2027, 0, 31) / 1_000 })
  for (const text of ['2027-02-30', '2027-13-01']) refuses(readDate(text), /no such day/)
  for (const text of ['31.1.2027', '2027-1-31', '2027-01-31T00:00', '']) refuses(readDate(text), /not a date/)
})

test('readAbsolutePath refuses what depends on where the gateway was started', () => {
  assert.deepEqual(readAbsolutePath('/run/token'), { value: '/run/token' })
  refuses(readAbsolutePath('token'), /not an absolute path/)
})

test('readKeptForms takes a size from 1KB to 8MB, or none at all', () => {
  for (const [text, bytes] of [
    ['off', 0],
    ['1KB', 1_024],
    ['8MB', 8_388_608],
  ] as const) {
    assert.deepEqual(readKeptForms(text), { value: bytes })
  }
  for (const text of ['0', '0KB', '9MB', 'on', 'false', '', '1 MB', 'OFF']) refuses(readKeptForms(text), /size/)
})
