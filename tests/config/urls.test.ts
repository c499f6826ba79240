import assert from 'node:assert/strict'
import { test } from 'vitest'
import {
  readAuthority,
  readIssuer,
  readNoProxy,
  readProxyUrl,
  readPublicUrl,
  readRedisUrl,
  readUpstreamUrl,
} from '../../src/config/urls.ts'

test('readPublicUrl gives scheme, host and origin in one spelling', () => {
  for (const [text, scheme, host] of [
    ['https://Payroll.Contoso.com', 'https', 'payroll.contoso.com'],
    ['https://payroll.contoso.com/', 'https', 'payroll.contoso.com'],
    ['https://payroll.contoso.com:443', 'https', 'payroll.contoso.com'],
    ['https://payroll.contoso.com:8443', 'https', 'payroll.contoso.com:8443'],
    ['https://bücher.example', 'https', 'xn--bcher-kva.example'],
    ['https://[::1]:8443', 'https', '[::1]:8443'],
    ['http://localhost:8080', 'http', 'localhost:8080'],
    ['http://app.localhost', 'http', 'app.localhost'],
    ['http://127.0.0.1:8080', 'http', '127.0.0.1:8080'],
  ] as const) {
    assert.deepEqual(readPublicUrl(text), { value: { scheme, host, origin: `${scheme}://${host}` } })
  }
})

test('readPublicUrl refuses http outside of the machine', () => {
  for (const text of [
    'http://payroll.contoso.com',
    'http://10.0.0.1',
    'http://localhost.evil.com',
    'http://notlocalhost',
    'http://127.0.0.2',
  ]) {
    const found = readPublicUrl(text)
    assert('problem' in found && found.problem.startsWith('only https'), text)
  }
})

const notOrigins = [
  ...[
    '',
    'payroll.contoso.com',
    '//a.com',
    'ftp://a.com',
    'https://',
    'https:/a.com',
    'https:a.com',
    'https://a.com/x',
    'https://a.com//',
  ],
  ...[
    'https://a.com?x',
    'https://a.com#x',
    'https://u@a.com',
    'https://u:p@a.com',
    'https://a.com\\x',
    'https://a b.com',
    ' https://a.com',
  ],
  ...[
    'https://a.com\n',
    'https://a\t.com',
    'https://*.a.com',
    'https://a%2ecom',
    'https://a.com.',
    'https://a..com',
    'https://a.com:99999',
  ],
  ...['https://a.com:0', 'https://a.com:x', 'https://[::1', 'https://999.1.1.1', 'https://-a.com', 'https://a.com/..'],
]
for (const read of [readPublicUrl, readAuthority, readUpstreamUrl]) {
  test(`${read.name} refuses everything that is more or less than an origin`, () => {
    for (const text of notOrigins) assert('problem' in read(text), `${text} → ${JSON.stringify(read(text))}`)
  })
}

test('readAuthority takes http for the machine itself alone', () => {
  assert.deepEqual(readAuthority('http://localhost:9400'), { value: 'http://localhost:9400' })
  assert.deepEqual(readAuthority('http://[::1]:9400/'), { value: 'http://[::1]:9400' })
  assert.deepEqual(readAuthority('https://login.microsoftonline.us'), { value: 'https://login.microsoftonline.us' })
  for (const text of ['http://login.microsoftonline.com', 'http://a.localhost', 'http://127.0.0.2'])
    assert('problem' in readAuthority(text), text)
})

test('readUpstreamUrl gives what a socket needs', () => {
  assert.deepEqual(readUpstreamUrl('http://payroll.internal'), {
    value: { protocol: 'http:', hostname: 'payroll.internal', port: 80, origin: 'http://payroll.internal' },
  })
  assert.deepEqual(readUpstreamUrl('https://[fd00::7]/'), {
    value: { protocol: 'https:', hostname: 'fd00::7', port: 443, origin: 'https://[fd00::7]' },
  })
})

test('T125 readUpstreamUrl refuses link-local and metadata addresses in every spelling', () => {
  for (const host of [
    ...['169.254.169.254', '169.254.0.1:8080', '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '169.254.43518'],
    ...[
      '[fe80::1]',
      '[::ffff:169.254.169.254]',
      '[::ffff:a9fe:a9fe]',
      '[fd00:ec2::254]',
      'metadata.google.internal',
      '100.100.100.200',
    ],
  ]) {
    const found = readUpstreamUrl(`http://${host}`)
    assert('problem' in found && found.problem.includes('link-local'), `${host} ${JSON.stringify(found)}`)
  }
})

test('readRedisUrl takes redis and rediss with what they need, and nothing more', () => {
  for (const text of [
    'redis://a',
    'redis://a:6379',
    'rediss://:p%40ss@a:6380/2',
    'redis://user:pw@[::1]:6379',
    'redis://a/',
  ]) {
    assert.deepEqual(readRedisUrl(text), { value: text })
  }
  for (const text of [
    '',
    'a:6379',
    'http://a',
    'redis://',
    'redis:a',
    'redis://a?tls=true',
    'redis://a#x',
    'redis://a/b',
    'redis://a:99999',
  ]) {
    assert('problem' in readRedisUrl(text), text)
  }
})

test('T125 readAuthority and readIssuer refuse metadata addresses', () => {
  for (const host of ['169.254.169.254', '[fe80::1]', 'metadata.google.internal']) {
    for (const read of [readAuthority, readIssuer]) {
      assert.deepEqual(read(`https://${host}`), {
        problem: 'this is a link-local or metadata address, which no provider has',
      })
    }
  }
})

test('readProxyUrl takes an HTTP proxy, with name and password, or nothing', () => {
  for (const text of ['', 'http://proxy:3128', 'https://proxy.example/', 'http://a:p%40ss@proxy:3128']) {
    assert.deepEqual(readProxyUrl(text), { value: text })
  }
  for (const text of [
    'proxy:3128',
    'socks5://proxy',
    'http://proxy/path',
    'http://a:100%@proxy',
    'http://',
    'http://p?x',
  ]) {
    assert('problem' in readProxyUrl(text), text)
  }
})

test('readNoProxy takes hosts, suffixes and a whole NO_PROXY, and refuses what would have no effect', () => {
  for (const [text, entries] of [
    ['login.example', ['login.example']],
    ['.Example, *.example:8443 *', ['.example', '*.example:8443', '*']],
    ['10.0.0.1:80,::1,[::1]', ['10.0.0.1:80', '::1', '[::1]']],
    ['', []],
  ] as const) {
    assert.deepEqual(readNoProxy(text), { value: entries })
  }
  const block = readNoProxy('localhost,10.0.0.0/8')
  assert('problem' in block && /block of addresses/.test(block.problem))
  for (const text of ['https:x', 'a_b c/d', 'x:0', 'x:99999', 'a**', ':80', 'x y z!']) {
    assert('problem' in readNoProxy(text), text)
  }
})
