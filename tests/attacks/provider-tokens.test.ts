/** A provider, or somebody between, that answers with what unpacks, nests and never ends. */
import { createCipheriv, randomBytes } from 'node:crypto'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { begin, givesSession, parameter, visit } from '../http/scene.ts'
import { type Exchange, plainClient } from '../plain-provider.ts'
import { type PlainStage, signInAs, startPlainStage } from '../plain-stage.ts'
import { createVisitor, type Reply } from '../visitor.ts'
import { attack } from './attack.ts'

let stage: PlainStage
beforeAll(async () => {
  stage = await startPlainStage({ claimsIn: 'id-token' })
  stage.edit((yaml) => yaml.replace('drain: 5s', 'drain: 5s, limits: { failures: 0, signIns: { perCaller: 0 } }'))
})
afterAll(() => stage.close())
beforeEach(() => {
  for (const path of ['/token', '/jwks']) stage.provider.tamper(path, null)
  // Whoever forges tokens has an answer for the access token as well.
  stage.provider.tamper('/me', believed)
})

const megabyte = 1_048_576
const code = (exchange: Exchange) =>
  (exchange as unknown as { readonly oidc: { readonly body: { readonly code: string } } }).oidc.body.code
const right = (nonce: string) => {
  const now = Math.floor(Date.now() / 1_000)
  return {
    iss: stage.provider.issuer,
    aud: plainClient.id,
    sub: 'auth0|anna',
    iat: now,
    exp: now + 300,
    nonce,
    roles: ['Approver'],
  }
}
const encoded = (value: object | string | Buffer) =>
  Buffer.from(Buffer.isBuffer(value) || typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const answerWith = (exchange: Exchange, id_token: unknown, more: object = {}) => {
  exchange.status = 200
  exchange.body = { access_token: 'x', token_type: 'Bearer', expires_in: 300, id_token, ...more }
}

const believed = (exchange: Exchange) => {
  exchange.status = 200
  exchange.res.removeHeader('WWW-Authenticate')
  exchange.body = { sub: 'auth0|anna' }
}

/** One sign-in, of which the code is the nonce: whoever forges tokens knows that too. */
async function arrive(): Promise<Reply> {
  const visitor = createVisitor()
  const location = await begin(visitor, `${stage.origin}/x`)
  const query = new URLSearchParams({
    ...{ code: parameter(location, 'nonce'), state: parameter(location, 'state'), iss: stage.provider.issuer },
  })
  const reply = await visit(visitor, `${stage.origin}/.auth/callback?${query}`)
  visitor.close()
  return reply
}

/** A JWE as its five parts, sealed with whatever the client and the provider might both be thought to know. */
function encrypted(header: object, plain: Buffer, key: Buffer): string {
  const head = encoded(header)
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(head))
  const text = Buffer.concat([cipher.update(plain), cipher.final()])
  return [head, '', encoded(nonce), encoded(text), encoded(cipher.getAuthTag())].join('.')
}

const secretKey = Buffer.from(plainClient.secret.padEnd(32, '\0')).subarray(0, 32)
const bomb = deflateRawSync(Buffer.alloc(200 * megabyte, 0x20))

attack(
  'T60',
  'signs nobody in and unpacks nothing: an encrypted ID token, compressed or nested, of any key',
  async () => {
    const makers: Readonly<Record<string, (nonce: string) => Promise<string> | string>> = {
      'with the secret as key': (nonce) =>
        encrypted({ alg: 'dir', enc: 'A256GCM' }, Buffer.from(JSON.stringify(right(nonce))), secretKey),
      'a signed one within': async (nonce) =>
        encrypted(
          { alg: 'dir', enc: 'A256GCM', cty: 'JWT' },
          Buffer.from(await stage.provider.sign(right(nonce))),
          secretKey,
        ),
      compressed: (nonce) =>
        encrypted(
          { alg: 'dir', enc: 'A256GCM', zip: 'DEF' },
          deflateRawSync(Buffer.from(JSON.stringify(right(nonce)))),
          secretKey,
        ),
      'a bomb of 200 MB': () => encrypted({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' }, bomb, secretKey),
      'a million rounds of PBES2': () =>
        encrypted(
          { alg: 'PBES2-HS256+A128KW', enc: 'A256GCM', p2c: 2_000_000_000, p2s: encoded(randomBytes(16)) },
          Buffer.from('{}'),
          secretKey,
        ),
      'for a key of nobody': () =>
        `${encoded({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })}.${encoded(randomBytes(256))}.a.b.c`,
      'in JSON': () =>
        JSON.stringify({ protected: encoded({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' }), ciphertext: '' }),
    }
    for (const [what, make] of Object.entries(makers)) {
      stage.provider.tamper('/token', async (exchange) => answerWith(exchange, await make(code(exchange))))
      const reply = await arrive()
      expect([what, reply.status, givesSession(reply)]).toEqual([what, 502, false])
    }
    for (const path of ['/token', '/me']) stage.provider.tamper(path, null)
    expect((await signInAs(createVisitor(), `${stage.origin}/x`, 'auth0|anna')).status).toBe(200)
  },
)

attack('T60', 'believes no signed ID token whose header says that it is packed, detached or critical', async () => {
  const claims = async (header: Readonly<Record<string, unknown>>, exchange: Exchange) =>
    await stage.provider.sign(right(code(exchange)), header)
  // The way itself is right: signed and plain it is believed.
  stage.provider.tamper('/token', async (exchange) => answerWith(exchange, await claims({}, exchange)))
  expect(givesSession(await arrive())).toBe(true)
  for (const critical of [['zip'], ['exp'], ['http://example/x']]) {
    stage.provider.tamper('/token', async (exchange) => {
      const token = await claims({}, exchange)
      const [, payload = '', signature = ''] = token.split('.')
      const header = { alg: 'RS256', kid: 'key-1', zip: 'DEF', crit: critical }
      answerWith(exchange, `${encoded(header)}.${payload}.${signature}`)
    })
    const reply = await arrive()
    expect([critical, reply.status, givesSession(reply)]).toEqual([critical, 502, false])
  }
  // Its payload is what is there, and not what that would unpack to.
  stage.provider.tamper('/token', async (exchange) => {
    const [header = '', , signature = ''] = (await claims({ zip: 'DEF' }, exchange)).split('.')
    const packed = deflateRawSync(Buffer.from(JSON.stringify(right(code(exchange)))))
    answerWith(exchange, `${header}.${encoded(packed)}.${signature}`)
  })
  expect(givesSession(await arrive())).toBe(false)
})

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
const spaces = Buffer.alloc(60 * megabyte, 0x20)

attack(
  'T60',
  'gets an answer that unpacks to 60 MB, or goes on for two, broken off: at the token endpoint, the keys and the person',
  async () => {
    const packed = { gzip: gzipSync(spaces), deflate: deflateSync(spaces), br: brotliCompressSync(spaces) }
    const twice = gzipSync(packed.gzip)
    const bodies: readonly (readonly [what: string, coding: string | null, body: Buffer])[] = [
      ...Object.entries(packed).map(([coding, body]) => [coding, coding, body] as const),
      ['twice', 'gzip, gzip', twice],
      ['many times', 'gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip', twice],
      ['plain', null, Buffer.alloc(2 * megabyte, 0x20)],
      ['nested', null, Buffer.from(nested(400_000))],
      ['nested in the token', null, Buffer.from(`{"access_token":"x","id_token":${nested(200_000)}}`)],
      ['of a million keys', null, Buffer.from(`{${Array.from({ length: 90_000 }, (_, n) => `"k${n}":1`).join()}}`)],
    ]
    for (const path of ['/token', '/me', '/jwks']) {
      for (const [what, coding, body] of bodies) {
        const where = `${path} ${what}`
        stage.provider.tamper('/token', async (exchange) => {
          const known = path !== '/jwks' ? {} : { kid: `unknown-${what.length}-${randomBytes(4).toString('hex')}` }
          answerWith(exchange, await stage.provider.sign(right(code(exchange)), known))
        })
        stage.provider.tamper(path, (exchange) => {
          exchange.status = 200
          exchange.res.removeHeader('WWW-Authenticate')
          exchange.body = body
          exchange.type = 'json'
          if (coding !== null) exchange.res.setHeader('Content-Encoding', coding)
        })
        const before = process.memoryUsage().rss
        const reply = await arrive()
        if (path !== '/me') expect(givesSession(reply), where).toBe(false)
        else expect([302, 502, 503], where).toContain(reply.status)
        // What the userinfo endpoint would add is added where it can be read, and nobody is kept out for it.
        if (path !== '/me') expect([502, 503], where).toContain(reply.status)
        expect(process.memoryUsage().rss - before, where).toBeLessThan(400 * megabyte)
        stage.provider.tamper(path, path === '/me' ? believed : null)
      }
    }
    for (const path of ['/token', '/me']) stage.provider.tamper(path, null)
    expect((await signInAs(createVisitor(), `${stage.origin}/x`, 'auth0|anna')).status).toBe(200)
  },
  60_000,
)

attack('T60', 'refuses even a right answer that is longer than any is, or unpacks to that', async () => {
  const padded = (body: unknown) => Buffer.concat([Buffer.from(JSON.stringify(body)), Buffer.alloc(2 * megabyte, 0x20)])
  const packers: Readonly<Record<string, (plain: Buffer) => Buffer>> = {
    gzip: gzipSync,
    deflate: deflateSync,
    identity: (plain) => plain,
  }
  const pad = (exchange: Exchange, coding: string) => {
    exchange.body = packers[coding]?.(padded(exchange.body))
    exchange.type = 'json'
    if (coding !== 'identity') exchange.res.setHeader('Content-Encoding', coding)
  }
  const answer = async (exchange: Exchange) => answerWith(exchange, await stage.provider.sign(right(code(exchange))))
  for (const coding of Object.keys(packers)) {
    for (const path of ['/token', '/me']) {
      stage.provider.tamper('/token', answer)
      stage.provider.tamper('/me', believed)
      expect(givesSession(await arrive())).toBe(true)
      stage.provider.tamper(path, async (exchange) => {
        if (path === '/me') believed(exchange)
        else await answer(exchange)
        pad(exchange, coding)
      })
      const reply = await arrive()
      expect([502, 503], `${path} ${coding}`).toContain(reply.status)
      expect(givesSession(reply), `${path} ${coding}`).toBe(false)
    }
  }
})

attack('T60', 'signs nobody in whose rightly signed token says more than anybody is', async () => {
  const long = 'x'.repeat(500_000)
  for (const more of [
    { name: long },
    { groups: Array.from({ length: 30_000 }, (_, n) => `group ${n}`) },
    { groups: [long] },
    { preferred_username: long },
    { nested: JSON.parse(nested(500)) as unknown },
    { roles: long },
  ]) {
    stage.provider.tamper('/token', async (exchange) =>
      answerWith(exchange, await stage.provider.sign({ ...right(code(exchange)), ...more })),
    )
    const reply = await arrive()
    const [what = ''] = Object.keys(more)
    if (givesSession(reply)) {
      // What is of no use is left out: then nobody's session weighs more for it.
      const cookie = (reply.headers['set-cookie'] ?? []).find((line) => line.startsWith('__Host-sid='))?.split(';')[0]
      const visitor = createVisitor()
      const shown = await visitor.ask(`${stage.origin}/x`, { headers: { cookie: cookie ?? '' } })
      expect([200, 403], what).toContain(shown.status)
      const seen = stage.upstream.seen.at(-1)
      expect(JSON.stringify(seen?.headers ?? []).length, what).toBeLessThan(16_384)
      visitor.close()
    } else expect([what, reply.status]).toEqual([what, 403])
  }
})
