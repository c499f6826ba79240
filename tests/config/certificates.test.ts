import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import {
  certificateProblems,
  expiryOf,
  isCertificateFor,
  placeholderCertificate,
  placeholderKey,
  readCertificates,
  readPrivateKey,
} from '../../src/config/certificates.ts'
import { loadConfig } from '../../src/config/load.ts'
import { Secret } from '../../src/core/secret.ts'
import { createAuthority, createSelfSigned } from '../certificates.ts'
import { env, folderWith, linesOf, minimal, tenant, withTenant } from './written.ts'

const authority = createAuthority()
const own = authority.issue('DNS:payroll.contoso.com,DNS:*.wiki.contoso.com,IP:127.0.0.1,IP:::1')
const other = authority.issue('DNS:other.contoso.com')
const expired = authority.issue('DNS:payroll.contoso.com', -1)
const encrypted = createPrivateKey(own.key)
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString()
const now = Date.now() / 1_000
const day = 86_400

test('readCertificates takes a chain, and refuses what holds no certificate or a broken one', () => {
  const chain = `# ours\n${own.cert}\n${authority.cert}`
  assert.deepEqual(readCertificates(chain), { value: chain })
  for (const text of ['', 'garbage', own.key, own.cert.slice(0, 200)]) {
    assert.deepEqual(readCertificates(text), { problem: 'there is no certificate (PEM) in this file' })
  }
  for (const broken of [
    own.cert.replace(/^(?=\w)....../m, 'AAAAAA'),
    `${own.cert}\n${own.cert.replace(/\nMII.{20}/, '\nAAAA')}`,
  ]) {
    assert.deepEqual(readCertificates(broken), { problem: 'a certificate in this file cannot be read' })
  }
})

test('readPrivateKey takes a key without passphrase, and never shows what it refuses', () => {
  assert.deepEqual(readPrivateKey(own.key), { value: own.key })
  assert.deepEqual(readPrivateKey(encrypted), { problem: 'the private key in this file has a passphrase' })
  for (const text of ['', 'garbage', own.cert, own.key.replaceAll(/[a-z]/g, 'A')]) {
    assert.deepEqual(readPrivateKey(text), { problem: 'there is no private key (PEM) in this file' })
  }
})

describe('certificateProblems', () => {
  test('finds nothing wrong with a certificate that is valid and has this key', () => {
    assert.deepEqual(certificateProblems(own.cert, new Secret(own.key), now), [])
  })

  for (const [what, chain, key, at, problem] of [
    ['the key of another', own.cert, other.key, now, /^the private key is not the one of this certificate$/],
    ['a chain that begins with the authority', authority.cert + own.cert, own.key, now, /^the private key is not/],
    ['one that has expired', own.cert, own.key, now + 10 * day, /^the certificate expired on \w+ +\d+ /],
    [
      'one that is not valid yet',
      own.cert,
      own.key,
      now - 10 * day,
      /^the certificate is valid only from \w+ +\d+ .* on$/,
    ],
  ] as const) {
    test(`names ${what}`, () => {
      const problems = certificateProblems(chain, new Secret(key), at)
      assert.equal(problems.length, 1)
      assert.match(problems[0] ?? '', problem)
    })
  }
})

for (const [host, expected] of [
  ['payroll.contoso.com', true],
  ['PAYROLL.contoso.com', true],
  ['a.wiki.contoso.com', true],
  ['wiki.contoso.com', false],
  ['a.b.wiki.contoso.com', false],
  ['payroll.contoso.com.evil.example', false],
  ['127.0.0.1', true],
  ['127.0.0.2', false],
  ['[::1]', true],
  ['localhost', false],
] as const) {
  test(`isCertificateFor says ${expected} for ${host}`, () => assert.equal(isCertificateFor(own.cert, host), expected))
}

for (const [bits, problem] of [
  [1_024, /^TLS does not take this certificate and key \(ERR_SSL_EE_KEY_TOO_SMALL\)$/],
  [4_352, /^an RSA key of 4352 bits makes every handshake slow: at most 4096$/],
] as const) {
  test(`certificateProblems refuses an RSA key of ${bits} bits before anybody shakes hands with it (T88)`, () => {
    const { cert, key } = createSelfSigned('DNS:payroll.contoso.com', ['-newkey', `rsa:${bits}`, '-nodes'])
    const problems = certificateProblems(cert, new Secret(key), Date.now() / 1_000 + 60)
    assert.equal(problems.length, 1)
    assert.match(problems[0] ?? '', problem)
  })
}

test('expiryOf gives the end of the first certificate, in seconds', () => {
  assert.equal(expiryOf(own.cert + authority.cert), Date.parse(new X509Certificate(own.cert).validTo) / 1_000)
})

test('the placeholders are a certificate and a key, and nobody’s host', () => {
  assert('value' in readCertificates(placeholderCertificate) && 'value' in readPrivateKey(placeholderKey))
  assert.equal(isCertificateFor(placeholderCertificate, 'payroll.contoso.com'), false)
})

const pem = folderWith({
  'own.crt': own.cert,
  'own.key': own.key,
  'other.crt': other.cert,
  'other.key': other.key,
  'expired.crt': expired.cert,
  'expired.key': expired.key,
  'encrypted.key': encrypted,
})
const files = (name: string, key = name) => ({ cert: join(pem, `${name}.crt`), key: join(pem, `${key}.key`) })
const withTls = (server: object, more: object = {}) => ({ ...withTenant({ ...more }), server: { tls: server } })

describe('loadConfig', () => {
  for (const [what, file, lines] of [
    ['takes a certificate with its key', withTls(files('own'), { tls: files('own') }), []],
    [
      'refuses a client certificate with the key of another',
      withTenant({ upstream: { url: 'https://payroll.internal', clientCertificate: files('own', 'other') } }),
      ['tenants[0].upstream.clientCertificate.cert: the private key is not the one of this certificate'],
    ],
    [
      'refuses a key that is another’s',
      withTls(files('own', 'other')),
      ['server.tls.cert: the private key is not the one of this certificate'],
    ],
    [
      'refuses a key with a passphrase',
      withTls(files('own', 'encrypted')),
      ['server.tls.key: the private key in this file has a passphrase'],
    ],
    [
      'refuses a certificate of a tenant that is not for its host',
      withTls(files('own'), { tls: files('other') }),
      ['tenants[0].publicUrl: the certificate in `tls` is not for this host'],
    ],
    [
      'refuses a certificate of a tenant that is not for one of its aliases',
      withTls(files('own'), { tls: files('own'), aliases: ['https://pay.contoso.com'] }),
      ['tenants[0].aliases[0]: the certificate in `tls` is not for this host'],
    ],
    [
      'refuses a certificate of a tenant where the listener speaks no TLS',
      withTenant({ tls: files('own') }),
      ['tenants[0].tls: without `server.tls` this has no effect'],
    ],
    [
      'refuses http where the listener speaks https',
      { ...withTls(files('own')), tenants: [tenant('a', { publicUrl: 'http://localhost:8080' })] },
      ['tenants[0].publicUrl: with `server.tls` the listener speaks https: nobody could open this'],
    ],
    [
      'refuses certificate and key that stand in the file',
      withTls({ cert: own.cert, key: own.key }),
      [
        'server.tls.cert: name the file: what it holds must not stand here',
        'server.tls.key: name the file: what it holds must not stand here',
      ],
    ],
    [
      'refuses one address for https and the redirect to it',
      { ...withTls({ ...files('own'), redirectFrom: '0.0.0.0:8080' }) },
      ['server.tls.redirectFrom: something else listens at this address already'],
    ],
  ] as const) {
    test(what, () => assert.deepEqual(linesOf(file), lines))
  }

  test('refuses a certificate that has expired, with the day', () => {
    const [line, ...more] = linesOf(withTls(files('expired')))
    assert.match(line ?? '', /^server\.tls\.cert: the certificate expired on /)
    assert.deepEqual(more, [])
  })

  test('gives the certificate with its expiry, and shows the key in no text', () => {
    const folder = folderWith({ 'sallyport.yaml': JSON.stringify(withTls(files('own'), { tls: files('own') })) })
    const gateway = loadConfig(join(folder, 'sallyport.yaml'), { env })
    assert.equal(gateway.server.tls?.certificate.expiresAt, expiryOf(own.cert))
    assert.equal(gateway.tenants[0]?.certificate?.key.reveal(), own.key.trimEnd())
    assert.doesNotMatch(JSON.stringify(gateway), /PRIVATE KEY/)
    assert.deepEqual(gateway.server.tls?.redirectFrom, null)
  })

  test('without secrets asks for no file, and for no host in what stands in for it', () => {
    const file = { ...withTls({ cert: './none.crt', key: './none.key' }, { tls: { cert: 'a', key: 'b' } }) }
    assert.deepEqual(linesOf(file, { withoutSecrets: true }), [])
    assert.deepEqual(linesOf({ ...minimal(), ...file }).length, 4)
  })
})
